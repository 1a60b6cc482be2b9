//! The time that a client gives a call, and the status when it has passed.

use std::time::Duration;

use http::{HeaderMap, Response};
use tonic::Status;

use super::answer::AnswerBody;
use super::content_type::is_grpc;
use crate::ApiError;
use crate::layers::time_left::read_grpc;

/// The limit of a call by its `grpc-timeout`; `None` also when that cannot be read, or the request is no
/// call.
pub(crate) fn client_limit(headers: &HeaderMap) -> Option<Duration> {
    let limit = read_grpc(headers.get("grpc-timeout")?.as_bytes())?;
    is_grpc(headers).then_some(limit)
}

/// The response in place of one that was not given within this limit.
pub(crate) fn timed_out(limit: Duration) -> Response<AnswerBody> {
    AnswerBody::of(status(limit).into_http())
}

/// The trailers of a body that has not ended within the client's limit.
pub(super) fn late_trailers(limit: Duration) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // Its text is plain, so it can be a header.
    let _ = status(limit).add_header(&mut trailers);
    trailers
}

fn status(limit: Duration) -> Status {
    let message = format!("not done within {limit:?}");
    ApiError::gateway_timeout("REQUEST_TIMEOUT", message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_has_a_limit() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", "1S".parse().unwrap());
        assert_eq!(client_limit(&headers), None);
        headers.insert("content-type", "application/grpc".parse().unwrap());
        assert_eq!(client_limit(&headers), Some(Duration::from_secs(1)));
    }
}
