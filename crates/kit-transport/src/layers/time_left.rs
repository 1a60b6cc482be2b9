//! How much time a request has, as headers say it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

/// The header by which gRPC says it.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The deadline of a request, once a layer has set one.
#[derive(Debug, Default)]
pub(super) struct TimeLeft(Mutex<Given>);

#[derive(Clone, Debug, Default)]
struct Given {
    deadline: Option<Instant>,
    /// Of clients over HTTP.
    header: Option<HeaderName>,
}

impl TimeLeft {
    /// Of several deadlines the soonest holds.
    pub(super) fn set(&self, deadline: Instant, header: Option<&HeaderName>) {
        let mut given = self.lock();
        let sooner = given.deadline.map_or(deadline, |known| known.min(deadline));
        given.deadline = Some(sooner);
        if let Some(header) = header {
            given.header = Some(header.clone());
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }

    /// Gives the head of a request to another server what is left; a sooner limit that stands there
    /// already is the caller's.
    pub(super) fn propagate(&self, headers: &mut HeaderMap) {
        let Given { deadline, header } = self.lock().clone();
        let Some(deadline) = deadline else { return };
        let left = deadline.saturating_duration_since(Instant::now());
        let is_longer = |limit: Option<Duration>| limit.is_none_or(|limit| left < limit);
        let for_grpc = headers.get(GRPC_TIMEOUT);
        if is_longer(for_grpc.and_then(|value| read_grpc(value.as_bytes()))) {
            headers.insert(GRPC_TIMEOUT, write_grpc(left));
        }
        if let Some(header) = header {
            let for_http = headers.get(&header);
            if is_longer(for_http.and_then(|value| read_http(value.as_bytes()))) {
                headers.insert(header, write_http(left));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Given> {
        kit_sync::lock(&self.0)
    }
}

/// A limit in gRPC's form: at most eight digits and a unit.
pub(crate) fn read_grpc(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.len() > 8 {
        return None;
    }
    let number = number(digits)?;
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

/// A limit in the form of HTTP's clients: `250ms` or `3s`.
pub(super) fn read_http(value: &[u8]) -> Option<Duration> {
    if let Some(digits) = value.strip_suffix(b"ms") {
        return number(digits).map(Duration::from_millis);
    }
    number(value.strip_suffix(b"s")?).map(Duration::from_secs)
}

/// At most fifteen digits, which no unit makes too large for a `Duration`.
fn number(digits: &[u8]) -> Option<u64> {
    if !(1..=15).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |number, digit: &u8| number * 10 + u64::from(digit - b'0');
    Some(digits.iter().fold(0, add))
}

/// In the finest unit in which it fits, rounded down: a server further on gives up no later than this
/// one. Nothing is one nanosecond, because gRPC has no zero.
fn write_grpc(left: Duration) -> HeaderValue {
    const FITS: u128 = 100_000_000;
    let nanos = left.as_nanos().max(1);
    let units = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    let fitting = units.iter().find(|(unit, _)| nanos / unit < FITS);
    let (unit, letter) = fitting.unwrap_or(&units[5]);
    value(format!("{}{letter}", (nanos / unit).min(FITS - 1)))
}

fn write_http(left: Duration) -> HeaderValue {
    value(format!("{}ms", left.as_millis().max(1)))
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("1n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_never_longer() {
        let lengths = (0..19).map(|power| Duration::from_nanos(10_u64.pow(power) + 1));
        let more =
            [1_234_567, 99_999_999, 100_000_000, 3_600_000_000_000].map(Duration::from_nanos);
        for left in lengths.chain(more) {
            let read = read_grpc(write_grpc(left).as_bytes()).expect("it can be read");
            assert!(
                read <= left && left - read <= left / 10_000,
                "{left:?}: {read:?}"
            );
        }
        let whole = write_grpc(Duration::from_secs(2));
        assert_eq!(whole, "2000000u");
        assert_eq!(write_grpc(Duration::ZERO), "1n");
        assert_eq!(write_grpc(Duration::MAX), "99999999H");
        assert_eq!(write_http(Duration::from_millis(250)), "250ms");
        assert_eq!(write_http(Duration::ZERO), "1ms");
    }

    #[test]
    fn a_limit_of_grpc_has_a_unit_and_at_most_eight_digits() {
        let one = |unit: &str| read_grpc(format!("1{unit}").as_bytes());
        assert_eq!(one("H"), Some(Duration::from_secs(3600)));
        assert_eq!(one("M"), Some(Duration::from_secs(60)));
        assert_eq!(one("S"), Some(Duration::from_secs(1)));
        assert_eq!(one("m"), Some(Duration::from_millis(1)));
        assert_eq!(one("u"), Some(Duration::from_micros(1)));
        assert_eq!(one("n"), Some(Duration::from_nanos(1)));
        assert_eq!(read_grpc(b"00000250m"), Some(Duration::from_millis(250)));
        let longest = Some(Duration::from_secs(99_999_999 * 3600));
        assert_eq!(read_grpc(b"99999999H"), longest);
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
            assert_eq!(read_grpc(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_limit_of_http_is_in_seconds_or_milliseconds() {
        assert_eq!(read_http(b"250ms"), Some(Duration::from_millis(250)));
        assert_eq!(read_http(b"3s"), Some(Duration::from_secs(3)));
        for wrong in [
            "",
            "3",
            "ms",
            "s",
            "-3s",
            "1.5s",
            " 3s",
            "3S",
            "1234567890123456s",
        ] {
            assert_eq!(read_http(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_soonest_deadline_is_handed_on_and_no_sooner_limit_is_touched() {
        let left = TimeLeft::default();
        let mut headers = HeaderMap::new();
        left.propagate(&mut headers);
        assert!(headers.is_empty() && left.deadline().is_none());
        let now = Instant::now();
        let header = HeaderName::from_static("x-request-timeout");
        left.set(now + Duration::from_secs(3), Some(&header));
        left.set(now + Duration::from_secs(5), None);
        assert_eq!(left.deadline(), Some(now + Duration::from_secs(3)));
        left.propagate(&mut headers);
        assert_eq!(headers["grpc-timeout"], "3000000u");
        assert_eq!(headers["x-request-timeout"], "3000ms");
        headers.insert("grpc-timeout", HeaderValue::from_static("1S"));
        left.propagate(&mut headers);
        assert_eq!(headers["grpc-timeout"], "1S");
        tokio::time::advance(Duration::from_millis(2_500)).await;
        left.propagate(&mut headers);
        assert_eq!(headers["grpc-timeout"], "500000u");
        assert_eq!(headers["x-request-timeout"], "500ms");
    }
}
