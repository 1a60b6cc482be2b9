//! OTLP over HTTP: one POST for a batch.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::client::conn::http1;
use kit_sync::BoxError;

use super::answer::{Failure, Taken};
use super::connection::{broken, connect, driven, read};
use super::target::Target;

/// Sends a batch.
///
/// # Errors
/// It has not arrived, or was refused.
pub(super) async fn send(target: &Target, body: Bytes) -> Result<Taken, Failure> {
    let io = connect(target).await?;
    let handshake = http1::handshake(io).await;
    let (mut sender, connection) = handshake.map_err(|error| broken(&error))?;
    let exchange = async {
        let uri = target.path.parse();
        let uri = uri.map_err(|error| Failure::lasting(BoxError::from(error).to_string()))?;
        let mut request = target.request(uri, "application/x-protobuf", body);
        if let Ok(host) = HeaderValue::from_str(target.authority.as_str()) {
            request.headers_mut().insert(HOST, host);
        }
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| broken(&error))?;
        let (status, retry_after) = (answer.status(), retry_after(answer.headers()));
        if !status.is_success() {
            return Err(refused(status, retry_after));
        }
        Ok(Taken::read(&read(answer).await?.to_bytes()))
    };
    driven(connection, exchange).await
}

/// The specification of OTLP names the answers that may pass.
pub(super) fn refused(status: StatusCode, retry_after: Option<Duration>) -> Failure {
    let reason = format!("the collector answers {status}");
    match status.as_u16() {
        429 | 502 | 503 | 504 => Failure {
            retry_after,
            ..Failure::passing(reason)
        },
        _ => Failure::lasting(reason),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
