//! From the head of a request to the answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::combinators::Collect;
use http_body_util::{BodyExt as _, Collected, Full, LengthLimitError, Limited};
use kit_sync::BoxError;

use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::layers::http::ErrorForm;

pub(super) type AnswerFn = dyn Fn(&Parts, &Bytes) -> Response<Bytes> + Send + Sync;

#[derive(Clone)]
pub(super) struct SimpleHandler {
    answer: Arc<AnswerFn>,
    /// The largest body that is read; none is for `None`.
    max_body: Option<usize>,
}

impl SimpleHandler {
    pub(super) fn new(answer: Arc<AnswerFn>, max_body: Option<usize>) -> SimpleHandler {
        SimpleHandler { answer, max_body }
    }
}

/// The answer to one request, once its body is there. The function is called by the poll, where a panic is
/// caught.
pub(super) struct OneAnswer {
    head: Parts,
    body: Option<Collect<Limited<RequestBody>>>,
    max_body: usize,
    answer: Arc<AnswerFn>,
}

impl OneAnswer {
    fn not_read(&self, error: &BoxError) -> Response<Full<Bytes>> {
        if error.is::<LengthLimitError>() {
            let text = format!("the body may have at most {} bytes", self.max_body);
            line(StatusCode::PAYLOAD_TOO_LARGE, text)
        } else {
            line(
                StatusCode::BAD_REQUEST,
                format!("the body is broken: {error}"),
            )
        }
    }
}

impl Future for OneAnswer {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let body = match &mut self.body {
            None => Ok(Bytes::new()),
            Some(body) => ready!(Pin::new(body).poll(cx)).map(Collected::to_bytes),
        };
        Poll::Ready(Ok(match body {
            Ok(body) => (self.answer)(&self.head, &body).map(Full::new),
            Err(error) => self.not_read(&error),
        }))
    }
}

impl Handler for SimpleHandler {
    type Body = Full<Bytes>;
    type Future = OneAnswer;

    fn call(&self, head: Parts, body: RequestBody, _: bool, _: Option<ErrorForm>) -> OneAnswer {
        let limited = |most| Limited::new(body, most).collect();
        OneAnswer {
            head,
            body: self.max_body.map(limited),
            max_body: self.max_body.unwrap_or_default(),
            answer: Arc::clone(&self.answer),
        }
    }

    fn refused(&self, why: Refusal, _: &HeaderMap) -> Response<Full<Bytes>> {
        let status = StatusCode::from_u16(why.code());
        let text = format!("{}: {}", why.reason(), why.message());
        line(status.unwrap_or(StatusCode::BAD_REQUEST), text)
    }

    fn panicked(_is_call: bool) -> Response<Full<Bytes>> {
        line(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }

    fn timed_out(_is_call: bool, limit: Duration) -> Response<Full<Bytes>> {
        let message = format!("no answer within {limit:?}");
        line(StatusCode::GATEWAY_TIMEOUT, message)
    }
}

/// One line of text.
fn line(status: StatusCode, text: impl AsRef<str>) -> Response<Full<Bytes>> {
    let text = format!("{}\n", text.as_ref());
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
