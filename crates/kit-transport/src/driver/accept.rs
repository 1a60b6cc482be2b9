//! Listening and accepting.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::connection::Connection;
use super::connections::Connections;
use super::drain::drain;
use super::io::Io;
use super::options::ConnectionOptions;
use super::peer::Peer;
use super::service::Handler;
use crate::{Context, Lifecycle, Stage, StartError};

/// How long accepting pauses when the process has no file descriptor or memory left.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How many connections are taken from the queue when the listener closes; the length of the
/// queue that tokio asks for.
const SWEEP: usize = 1024;

pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressInUse { address, source },
        _ => StartError::Listen { address, source },
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Accepts and serves until the scope is told, then drains: the task ends with the last connection.
pub(crate) fn serve<H: Handler>(
    ctx: &Context,
    listener: TcpListener,
    handler: H,
    options: ConnectionOptions,
) {
    let connections = Arc::new(Connections::new(ctx.clone(), options));
    let acceptor = Acceptor {
        connections,
        handler,
    };
    ctx.scope().spawn("accept", async move {
        acceptor.accept(&listener).await;
        // Also when the application had no time to be one.
        acceptor.connections.become_lame_duck(Duration::ZERO);
        acceptor.sweep(listener);
        drain(&acceptor.connections).await;
    });
}

struct Acceptor<H> {
    connections: Arc<Connections>,
    handler: H,
}

impl<H: Handler> Acceptor<H> {
    async fn accept(&self, listener: &TcpListener) {
        let token = self.connections.ctx.scope().token();
        let mut life = self.connections.ctx.lifecycle();
        self.look_at(&mut life);
        let mut watching = true;
        let mut exhausted = false;
        loop {
            tokio::select! {
                biased;
                () = token.cancelled() => return,
                changed = life.changed(), if watching => {
                    watching = changed.is_ok();
                    self.look_at(&mut life);
                }
                accepted = listener.accept() => match accepted {
                    Ok((stream, remote)) => {
                        exhausted = false;
                        self.connect(stream, remote);
                    }
                    Err(error) if concerns_one_connection(&error) => {
                        tracing::debug!(%error, "a connection failed before it was accepted");
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut exhausted, true) {
                            tracing::error!(%error, "cannot accept connections; trying again every 100 ms");
                        }
                        let pause = tokio::time::sleep(BACK_OFF);
                        if token.run_until_cancelled(pause).await.is_none() {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn look_at(&self, life: &mut watch::Receiver<Lifecycle>) {
        let life = life.borrow_and_update();
        if life.stage >= Stage::LameDuck {
            self.connections.become_lame_duck(life.drain_delay);
        }
    }

    /// Serves what has already connected; what is left in the queue of a listener that closes is
    /// reset.
    fn sweep(&self, listener: TcpListener) {
        // Without the runtime, whose idea of what is ready lags behind.
        let Ok(listener) = listener.into_std() else {
            return;
        };
        for _ in 0..SWEEP {
            let accepted = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if concerns_one_connection(&error) => continue,
                Err(_) => return,
            };
            let (stream, remote) = accepted;
            match stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream))
            {
                Ok(stream) => self.connect(stream, remote),
                Err(error) => tracing::debug!(%remote, %error, "connection failed"),
            }
        }
    }

    fn connect(&self, stream: TcpStream, remote: SocketAddr) {
        let scope = self.connections.ctx.scope();
        let local = match stream.set_nodelay(true).and_then(|()| stream.local_addr()) {
            Ok(local) => local,
            Err(error) => {
                tracing::debug!(%remote, %error, "connection failed");
                return;
            }
        };
        let (conn, place) = self.connections.open(Peer::new(remote, local));
        let killed = Arc::clone(&conn);
        // A scope that refuses has ended: the connection is dropped.
        let Ok(member) = scope.hold(move || killed.kill()) else {
            return;
        };
        let io = Io::new(stream, Arc::clone(&conn), place, member);
        let connection = Connection::new(
            io,
            conn,
            self.handler.clone(),
            Arc::clone(&self.connections),
        );
        drop(scope.track(connection));
    }
}

/// Errors that `accept` reports for the connection it would have returned, not for the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_ignored_and_an_exhausted_process_is_not() {
        for broken in [
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::ConnectionReset,
        ] {
            assert!(concerns_one_connection(&broken.into()));
        }
        // EMFILE has no kind of its own.
        for exhausted in [io::ErrorKind::Other, io::ErrorKind::OutOfMemory] {
            assert!(!concerns_one_connection(&exhausted.into()));
        }
    }
}
