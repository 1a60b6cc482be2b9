//! The time that a client gives a call, and the status when it has passed.

use std::time::Duration;

use http::{HeaderMap, Response};
use tonic::Status;

use super::answer::AnswerBody;
use super::content_type::is_grpc;
use crate::ApiError;

/// The limit of a call by its `grpc-timeout`; `None` also when that cannot be read, or the request is no
/// call.
pub(super) fn client_limit(headers: &HeaderMap) -> Option<Duration> {
    let limit = parse(headers.get("grpc-timeout")?.as_bytes())?;
    is_grpc(headers).then_some(limit)
}

/// At most eight digits and a unit.
fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(number * 3600)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
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
    fn a_limit_has_a_unit_and_at_most_eight_digits() {
        let one = |unit: &str| parse(format!("1{unit}").as_bytes());
        assert_eq!(one("H"), Some(Duration::from_secs(3600)));
        assert_eq!(one("M"), Some(Duration::from_secs(60)));
        assert_eq!(one("S"), Some(Duration::from_secs(1)));
        assert_eq!(one("m"), Some(Duration::from_millis(1)));
        assert_eq!(one("u"), Some(Duration::from_micros(1)));
        assert_eq!(one("n"), Some(Duration::from_nanos(1)));
        assert_eq!(parse(b"00000250m"), Some(Duration::from_millis(250)));
        assert_eq!(
            parse(b"99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        for wrong in [
            "",
            "1",
            "S",
            "123456789S",
            "-1S",
            "1.5S",
            "1s",
            " 1S",
            "1S ",
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn only_a_call_has_a_limit() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", "1S".parse().unwrap());
        assert_eq!(client_limit(&headers), None);
        headers.insert("content-type", "application/grpc".parse().unwrap());
        assert_eq!(client_limit(&headers), Some(Duration::from_secs(1)));
    }
}
