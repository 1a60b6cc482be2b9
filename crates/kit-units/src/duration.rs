//! `#[serde(with = "kit_units::duration")]`: a [`Duration`] as text, such as `"250ms"`.
//!
//! A bare number is an error that says what would be right, since it has no unit. A format has to say
//! itself what it holds, as TOML, YAML and JSON do.

use std::time::Duration;

use serde::de::{Deserializer, Error, Unexpected};
use serde::ser::Serializer;

use crate::duration_text::{format_duration, no_unit, parse_duration};
use crate::written::{Written, read};

const EXPECTED: &str = "a duration such as \"30s\"";

/// Reads the text of a duration.
///
/// # Errors
/// What is written is no duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    of(read(deserializer, EXPECTED)?, EXPECTED)
}

/// Writes the duration as text.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_duration(*duration))
}

/// The duration that is written.
pub(crate) fn of<E: Error>(written: Written, expected: &str) -> Result<Duration, E> {
    match written {
        Written::Text(text) => parse_duration(&text).map_err(E::custom),
        Written::Bytes(number) => Err(E::custom(no_unit(&number.to_string()))),
        Written::Number(number) if number.starts_with('-') => Err(E::custom(format!(
            "{number} is less than nothing: write {expected}"
        ))),
        Written::Number(number) => Err(E::custom(no_unit(&number))),
        Written::Bool(flag) => Err(E::invalid_type(Unexpected::Bool(flag), &expected)),
        Written::Nothing => Err(E::invalid_type(Unexpected::Unit, &expected)),
    }
}
