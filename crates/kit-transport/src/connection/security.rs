//! Whether connections are encrypted: the one place that knows of the feature `tls`.

use std::sync::Arc;

use kit_sync::Scope;

use crate::connection::shared::Connection;
use crate::wire::peer::Peer;
use crate::wire::socket::Socket;
#[cfg(feature = "tls")]
use crate::wire::tls::ServerTls;
use crate::{Context, StartError};

/// How a server was asked to encrypt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Security {
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::Tls>,
}

/// How a server that has started encrypts.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    #[cfg(feature = "tls")]
    tls: Option<ServerTls>,
}

impl Security {
    /// `protocols`: what the server speaks, for ALPN, best first.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, clippy::unused_async))]
    pub(crate) async fn start(
        &self,
        protocols: &'static [&'static [u8]],
        ctx: &Context,
    ) -> Result<Secured, StartError> {
        Ok(Secured {
            #[cfg(feature = "tls")]
            tls: match &self.tls {
                Some(tls) => Some(ServerTls::start(tls, protocols, ctx).await?),
                None => None,
            },
        })
    }

    /// The one of two schemes that says so.
    pub(crate) fn scheme(&self, plain: &'static str, encrypted: &'static str) -> &'static str {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return encrypted;
        }
        let _ = encrypted;
        plain
    }
}

impl Secured {
    /// Starts the connection's task, with its handshake first if there is one.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables))]
    pub(crate) fn serve<F>(
        &self,
        scope: &Scope,
        socket: Socket,
        peer: Peer,
        connection: &Arc<Connection>,
        serve: impl FnOnce(Socket, Peer) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        // A scope that refuses has ended: the connection is dropped.
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let handshake =
                crate::connection::handshake::Handshake::new(tls, socket, Arc::clone(connection));
            drop(scope.track(async move {
                if let Some((socket, identity)) = handshake.await {
                    serve(socket, peer.with_identity(identity)).await;
                }
            }));
            return;
        }
        drop(scope.track(serve(socket, peer)));
    }
}
