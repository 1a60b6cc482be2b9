//! The parts that a server of every protocol has.

use std::borrow::Cow;

use crate::connection::security::Security;
use crate::exchange::service::Handler;
use crate::listen::accept;
use crate::listen::listener::Listener;
use crate::{ConnectionOptions, Context, Listen, Listening, Phase, StartError};

/// A server without its protocol: name, phase, address, encryption and limits.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(crate) name: Cow<'static, str>,
    pub(crate) phase: Phase,
    pub(crate) private: bool,
    pub(crate) listen: Listen,
    pub(crate) options: ConnectionOptions,
    pub(crate) security: Security,
}

/// A scheme of the endpoint, plain and encrypted.
pub(crate) type Schemes = (&'static str, &'static str);

impl Front {
    pub(crate) fn new(name: &'static str, listen: Listen) -> Front {
        Front {
            name: Cow::Borrowed(name),
            phase: Phase::SERVERS,
            private: false,
            listen,
            options: ConnectionOptions::default(),
            security: Security::default(),
        }
    }

    /// Whether a server can be started with these options. All that are wrong are named at once, as
    /// [`ServerOptions::check`](crate::http::ServerOptions::check) does; the files of TLS are read by the
    /// start, as they may come into being until then.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let tuning = self.listen.check_tuning().into_iter();
        let tuning = tuning.map(|wrong| wrong.inside("listen"));
        let tls = self.security.check().into_iter();
        let tls = tls.map(|wrong| wrong.inside("tls"));
        let connections = self.options.check().into_iter();
        let connections = connections.map(|wrong| wrong.inside("connections"));
        StartError::refuse_options(tuning.chain(tls).chain(connections).collect())?;
        Ok(self.listen.refuse_unusable()?)
    }

    /// Listens, and serves requests by `handler`; gives one endpoint for each of the `schemes`.
    /// `protocols` are those of ALPN, best first.
    pub(crate) async fn start<H: Handler>(
        &self,
        ctx: &Context,
        handler: H,
        protocols: &'static [&'static [u8]],
        schemes: &[Schemes],
    ) -> Result<Vec<Listening>, StartError> {
        let secured = self.security.start(protocols, ctx).await?;
        let listener = Listener::bind(&self.listen, ctx).await?;
        let listening = schemes.iter().map(|(plain, encrypted)| {
            let listening = listener.listening(self.security.scheme(plain, encrypted));
            if self.private {
                listening.private()
            } else {
                listening
            }
        });
        let listening = listening.collect();
        accept::serve(ctx, listener, handler, self.options.clone(), secured);
        Ok(listening)
    }
}
