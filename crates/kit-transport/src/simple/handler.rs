//! From the head of a request to the answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::layers::http::ErrorForm;

pub(super) type AnswerFn = dyn Fn(&Parts) -> Response<Bytes> + Send + Sync;

#[derive(Clone)]
pub(super) struct SimpleHandler {
    answer: Arc<AnswerFn>,
}

impl SimpleHandler {
    pub(super) fn new(answer: Arc<AnswerFn>) -> SimpleHandler {
        SimpleHandler { answer }
    }
}

/// The answer to one request. The function is called by the poll, where a panic is caught.
pub(super) struct FromHead {
    head: Parts,
    answer: Arc<AnswerFn>,
}

impl Future for FromHead {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok((self.answer)(&self.head).map(Full::new)))
    }
}

impl Handler for SimpleHandler {
    type Body = Full<Bytes>;
    type Future = FromHead;

    fn call(&self, head: Parts, _: RequestBody, _: bool, _: Option<ErrorForm>) -> FromHead {
        FromHead {
            head,
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
