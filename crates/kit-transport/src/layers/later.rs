//! The answer to a request that is one too many.

use std::time::Duration;

use ::http::header::RETRY_AFTER;
use ::http::{HeaderValue, Response};
use axum_core::body::Body;

use super::facts::Facts;
use super::grpc;
use super::operations::Protocol;
use super::reply::reply;
use crate::ApiError;

/// Why, and what the client may do about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later {
    /// The status over HTTP; over gRPC it is `RESOURCE_EXHAUSTED`.
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) retry_after: Option<Duration>,
}

/// The answer in the request's protocol.
#[cold]
pub(super) fn later(facts: &Facts, why: Later, message: impl Into<String>) -> Response<Body> {
    let message = message.into();
    if facts.protocol() == Protocol::Grpc {
        return grpc::exhausted(why.reason, message, why.retry_after);
    }
    let mut response = reply(facts, ApiError::new(why.code, why.reason, message));
    if let Some(after) = why.retry_after {
        let seconds = HeaderValue::from(whole_seconds(after));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// Rounded up, and never none: a client that comes at once is shed again.
fn whole_seconds(after: Duration) -> u64 {
    let more = u64::from(after.subsec_nanos() > 0);
    after.as_secs().saturating_add(more).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
    }
}
