//! Connecting, with TLS or without, and waiting for the answers on a connection.

use std::future::Future;
use std::io;
use std::pin::pin;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::Target;
use super::steps::{Step, Steps};

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(super) type Io = TokioIo<Box<dyn Stream>>;

impl Target {
    /// `protocol` is offered by ALPN.
    pub(super) async fn connect(&self, protocol: &str, steps: &Steps) -> io::Result<Io> {
        let stream = steps.during(Step::Connect, TcpStream::connect(self.address));
        let stream = stream.await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.trust {
            None => Box::new(stream),
            Some(trust) => {
                let name = ServerName::try_from("localhost").expect("a name");
                let connector = TlsConnector::from(trust.client(protocol));
                let shaken = connector.connect(name, stream);
                Box::new(steps.during(Step::TlsHandshake, shaken).await?)
            }
        };
        Ok(TokioIo::new(stream))
    }
}

/// A connection of hyper's: the sender of its requests, and its task.
pub(super) struct Connection<S> {
    pub(super) sender: S,
    task: JoinHandle<hyper::Result<()>>,
}

impl<S> Connection<S> {
    pub(super) fn spawn<F>(sender: S, connection: F) -> Connection<S>
    where
        F: Future<Output = hyper::Result<()>> + Send + 'static,
    {
        let task = tokio::spawn(connection);
        Connection { sender, task }
    }
}

/// Waits for the answer to a request on the connection that is kept. When the connection's task
/// ends, the connection is not kept any longer, because the answer may wait for just that:
///
/// hyper passes requests to that task through an unbounded channel of tokio's. A send that runs while
/// the task drops its receiver may succeed, and put the request into the channel after the receiver
/// has emptied it. The request then stays there until the last *sender* is dropped, and its future,
/// for which a client keeps the sender, never resolves (tokio-rs/tokio#7714, hyperium/hyper#4122;
/// `client/dispatch.rs` of hyper 1.12). With four requests at a time that was one in 20 000 ends of
/// an HTTP/2 connection between hyper and hyper, in debug builds. Once no sender is left, the future
/// resolves with hyper's error for a request that was never sent, "operation was canceled".
///
/// So `answer` must hold no sender.
pub(super) async fn answer<S, A>(
    kept: &mut Option<Connection<S>>,
    answer: impl Future<Output = A>,
) -> A {
    let mut answer = pin!(answer);
    if let Some(connection) = kept {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            _ = &mut connection.task => *kept = None,
        }
    }
    answer.await
}
