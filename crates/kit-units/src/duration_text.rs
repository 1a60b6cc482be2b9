//! Durations as text.

use std::fmt::Write;
use std::time::Duration;

use crate::UnitError;
use crate::parts::{NoAmount, Part, parts};

/// The units in nanoseconds, the largest first. The text of a duration has them in this order.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Other names that people write, and the unit that is meant.
const NAMES: [(&[&str], &str); 7] = [
    (&["day", "days"], "d"),
    (&["hr", "hrs", "hour", "hours"], "h"),
    (&["min", "mins", "minute", "minutes"], "m"),
    (&["sec", "secs", "second", "seconds"], "s"),
    (
        &["msec", "msecs", "millis", "millisecond", "milliseconds"],
        "ms",
    ),
    (
        &["usec", "usecs", "micros", "microsecond", "microseconds"],
        "us",
    ),
    (
        &["nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"],
        "ns",
    ),
];

const NANOS: u128 = 1_000_000_000;
pub(crate) const EXAMPLE: &str = "\"30s\", \"250ms\" or \"1h 30m\"";
const KNOWN: &str = "one of the units d, h, m, s, ms, us and ns, such as \"30s\" or \"1h 30m\"";

/// Reads a duration: one number and unit, or several with the largest unit first, with or without spaces:
/// `250ms`, `90s`, `1m 30s`, `1h30m`, `0s`.
///
/// The units are `d` (24 hours), `h`, `m` (minutes), `s`, `ms`, `us` (also `µs`) and `ns`, in lower case. The
/// last number may have a fraction, such as `1.5s`, when the whole is a whole number of nanoseconds:
/// nothing is rounded. A number without a unit is an error, zero as well.
///
/// ```
/// use std::time::Duration;
///
/// use kit_units::parse_duration;
///
/// assert_eq!(parse_duration("1h30m")?, Duration::from_secs(5400));
/// assert_eq!(parse_duration("1.5s")?, Duration::from_millis(1500));
/// let wrong = parse_duration("30 seconds").unwrap_err();
/// assert_eq!(wrong.to_string(), r#""30 seconds" has the unknown unit "seconds": write "30s""#);
/// # Ok::<(), kit_units::UnitError>(())
/// ```
///
/// # Errors
/// What is wrong, and what would be right.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let parts = parts(text).ok_or_else(|| UnitError::NoNumber {
        text: text.to_owned(),
        right: EXAMPLE.to_owned(),
    })?;
    let mut total = 0u128;
    // The first unit that may still come: each only once, and none after a smaller one.
    let mut next = 0;
    for (at, part) in parts.iter().enumerate() {
        let index = unit_of(text, part)?;
        if index < next {
            return Err(UnitError::Order {
                text: text.to_owned(),
                unit: part.unit.to_owned(),
                right: "\"1h 30m\"".to_owned(),
            });
        }
        next = index + 1;
        if part.has_fraction() && at + 1 < parts.len() {
            return Err(inexact(text));
        }
        let amount = part.amount(UNITS[index].1).map_err(|why| match why {
            NoAmount::TooLarge => too_large(text),
            NoAmount::Inexact => inexact(text),
        })?;
        total = total.checked_add(amount).ok_or_else(|| too_large(text))?;
    }
    let seconds = u64::try_from(total / NANOS).map_err(|_| too_large(text))?;
    let nanos = u32::try_from(total % NANOS).map_err(|_| too_large(text))?;
    Ok(Duration::new(seconds, nanos))
}

/// Writes a duration so that [`parse_duration`] reads exactly the same: `1m 30s`, `250ms`, `0s`.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(kit_units::format_duration(Duration::from_millis(90_250)), "1m 30s 250ms");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, nanos) in UNITS {
        let count = rest / nanos;
        rest %= nanos;
        if count > 0 {
            let space = if text.is_empty() { "" } else { " " };
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{space}{count}{unit}");
        }
    }
    text
}

/// The error of a bare number.
pub(crate) fn no_unit(number: &str) -> UnitError {
    let right = if number == "0" {
        "\"0s\"".to_owned()
    } else {
        format!("\"{number}s\" for seconds, \"{number}ms\" for milliseconds")
    };
    UnitError::NoUnit {
        text: number.to_owned(),
        right,
    }
}

/// The place of the part's unit in [`UNITS`].
fn unit_of(text: &str, part: &Part<'_>) -> Result<usize, UnitError> {
    if part.unit.is_empty() {
        return Err(no_unit(part.number));
    }
    // The micro sign and the Greek letter look the same.
    let unit = match part.unit {
        "µs" | "μs" => "us",
        unit => unit,
    };
    if let Some(index) = UNITS.iter().position(|(name, _)| *name == unit) {
        return Ok(index);
    }
    let lower = unit.to_lowercase();
    let named = NAMES.iter().find(|(names, unit)| {
        // `M` is left out: elsewhere it is a month, or a million.
        names.contains(&lower.as_str()) || (*unit == lower && lower != "m")
    });
    let right = match named {
        Some((_, unit)) => format!("\"{}{unit}\"", part.number),
        None if unit == "M" => format!("\"{}m\" for minutes", part.number),
        None => KNOWN.to_owned(),
    };
    Err(UnitError::UnknownUnit {
        text: text.to_owned(),
        unit: part.unit.to_owned(),
        right,
    })
}

fn too_large(text: &str) -> UnitError {
    UnitError::TooLarge {
        text: format!("{text:?}"),
        most: format!("\"{}\"", format_duration(Duration::MAX)),
    }
}

fn inexact(text: &str) -> UnitError {
    UnitError::Inexact {
        text: text.to_owned(),
        right: "a fraction in the last part only, of at least one nanosecond, such as \"1.5s\""
            .to_owned(),
    }
}
