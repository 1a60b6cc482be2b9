//! OTLP over gRPC: one unary call for a batch.

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use hyper::client::conn::http2;
use hyper::rt::Executor;
use kit_sync::Scope;

use super::answer::{Failure, Taken};
use super::connection::{broken, connect, driven, read};
use super::post::refused;
use super::target::Target;

/// Before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Sends a batch; the tasks of its connection live in `scope`.
///
/// # Errors
/// It has not arrived, or was refused.
pub(super) async fn send(target: &Target, body: Bytes, scope: &Scope) -> Result<Taken, Failure> {
    let message = framed(&body)?;
    let io = connect(target).await?;
    let handshake = http2::handshake(Tasks(scope.clone()), io).await;
    let (mut sender, connection) = handshake.map_err(|error| broken(&error))?;
    let exchange = async {
        let uri = Uri::builder()
            .scheme("http")
            .authority(target.authority.clone())
            .path_and_query(target.path.as_str())
            .build();
        let uri = uri.map_err(|error| Failure::lasting(error.to_string()))?;
        let mut request = target.request(uri, "application/grpc", message);
        let trailers = HeaderValue::from_static("trailers");
        request.headers_mut().insert(http::header::TE, trailers);
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| broken(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(refused(answer.status(), None));
        }
        if let Some(code) = code(answer.headers()) {
            // There is nothing but a head.
            return taken(code, answer.headers(), &[]);
        }
        let read = read(answer).await?;
        let trailers = read.trailers().cloned().unwrap_or_default();
        let Some(code) = code(&trailers) else {
            return Err(Failure::passing("the answer ends without a status"));
        };
        taken(code, &trailers, &read.to_bytes())
    };
    driven(connection, exchange).await
}

fn framed(body: &Bytes) -> Result<Bytes, Failure> {
    let Ok(length) = u32::try_from(body.len()) else {
        return Err(Failure::lasting("a batch of more than 4 GiB"));
    };
    let mut message = BytesMut::with_capacity(PREFIX + body.len());
    message.put_u8(0);
    message.put_u32(length);
    message.extend_from_slice(body);
    Ok(message.freeze())
}

fn code(headers: &HeaderMap) -> Option<u8> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// What a status means. The specification of OTLP names the codes that may pass.
fn taken(code: u8, headers: &HeaderMap, message: &[u8]) -> Result<Taken, Failure> {
    if code == 0 {
        return Ok(Taken::read(message.get(PREFIX..).unwrap_or_default()));
    }
    let said = headers.get("grpc-message");
    let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
    let reason = format!("the collector answers with gRPC's code {code}: {said}");
    Err(match code {
        1 | 4 | 10 | 11 | 14 | 15 => Failure::passing(reason),
        _ => Failure::lasting(reason),
    })
}

/// Where the tasks of a connection live.
#[derive(Clone, Debug)]
struct Tasks(Scope);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        // A scope that refuses has ended, and so has the call.
        drop(self.0.track(future));
    }
}
