//! A connection to a collector.

use std::convert::Infallible;
use std::future::pending;

use http::Response;
use http_body_util::{BodyExt as _, Collected, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answer::Failure;
use super::target::Target;

use bytes::Bytes;

/// The most of an answer that is read: it is a few words.
const MOST: usize = 64 << 10;

/// Connects.
///
/// # Errors
/// The collector cannot be reached.
pub(super) async fn connect(target: &Target) -> Result<TokioIo<TcpStream>, Failure> {
    let stream = TcpStream::connect(target.address()).await;
    let stream = stream.map_err(|error| Failure::passing(format!("connecting: {error}")))?;
    // A batch is one write after the other; none waits for an acknowledgement.
    let _ = stream.set_nodelay(true);
    Ok(TokioIo::new(stream))
}

/// Runs an exchange together with its connection, which ends with it.
pub(super) async fn driven<T>(
    connection: impl Future<Output = hyper::Result<()>>,
    exchange: impl Future<Output = T>,
) -> T {
    let driver = async {
        // The answer may have come before its end; if not, the exchange fails by itself.
        drop(connection.await);
        pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        done = exchange => done,
        never = driver => match never {},
    }
}

/// Reads an answer whole.
///
/// # Errors
/// It breaks off, or is too large.
pub(super) async fn read(answer: Response<Incoming>) -> Result<Collected<Bytes>, Failure> {
    let body = Limited::new(answer.into_body(), MOST);
    let read = body.collect().await;
    read.map_err(|error| Failure::passing(format!("reading the answer: {error}")))
}

/// hyper says what it was doing in its first words, and why in its source.
pub(super) fn broken(error: &hyper::Error) -> Failure {
    Failure::passing(kit_sync::error_chain(error))
}
