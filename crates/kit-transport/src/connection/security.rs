//! Whether a server's connections are encrypted.

use std::sync::Arc;

use kit_sync::Scope;
use kit_units::WrongOption;

use crate::connection::handshake::Handshake;
use crate::connection::shared::Connection;
use crate::wire::peer::Peer;
use crate::wire::plain::Plain;
use crate::wire::socket::Socket;
use crate::wire::tls::{ServerTls, Tls};
use crate::{Context, StartError};

/// How a server was asked to encrypt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Security {
    pub(crate) tls: Option<Tls>,
}

/// How a server that has started encrypts.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    tls: Option<ServerTls>,
}

impl Security {
    /// The options of TLS that are wrong, whatever its files hold.
    pub(crate) fn check(&self) -> Vec<WrongOption> {
        self.tls.as_ref().map(Tls::check).unwrap_or_default()
    }

    /// `protocols`: those of the server, for ALPN, best first.
    pub(crate) async fn start(
        &self,
        protocols: &'static [&'static [u8]],
        ctx: &Context,
    ) -> Result<Secured, StartError> {
        let tls = match &self.tls {
            Some(tls) => Some(ServerTls::start(tls, protocols, ctx).await?),
            None => None,
        };
        Ok(Secured { tls })
    }

    /// The one of two schemes that fits.
    pub(crate) fn scheme(&self, plain: &'static str, encrypted: &'static str) -> &'static str {
        match &self.tls {
            Some(_) => encrypted,
            None => plain,
        }
    }
}

impl Secured {
    /// Starts the connection's task, with its handshake first if there is one. A scope that has
    /// ended refuses, and the connection is dropped.
    pub(crate) fn serve<F>(
        &self,
        scope: &Scope,
        socket: Plain,
        peer: Peer,
        connection: &Arc<Connection>,
        serve: impl FnOnce(Socket, Peer) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(tls) = &self.tls else {
            drop(scope.track(serve(Socket::Plain(socket), peer)));
            return;
        };
        let handshake = Handshake::new(tls, socket, Arc::clone(connection));
        drop(scope.track(async move {
            if let Some((socket, identity)) = handshake.await {
                serve(socket, peer.with_identity(identity)).await;
            }
        }));
    }
}
