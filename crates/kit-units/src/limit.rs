//! `#[serde(with = "kit_units::limit")]`: an `Option<Duration>` as text, where `"off"` is `None`.
//!
//! TOML has no null, and in YAML a key whose value was forgotten is null: so "no limit" is a word, and null
//! is an error.

use std::time::Duration;

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;

use crate::duration;
use crate::written::{Written, read};

const EXPECTED: &str = "a duration such as \"30s\", or \"off\"";
pub(crate) const OFF: &str = "off";

/// Reads the text of a duration, or `"off"`.
///
/// # Errors
/// What is written is neither.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    match read(deserializer, EXPECTED)? {
        Written::Text(text) if text.trim() == OFF => Ok(None),
        Written::Bool(false) => Err(D::Error::custom(not_quoted("false"))),
        Written::Nothing => Err(D::Error::custom(not_quoted("nothing"))),
        written => duration::of(written, EXPECTED).map(Some),
    }
}

/// Writes the duration as text, and `None` as `"off"`.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(
    limit: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match limit {
        Some(limit) => duration::serialize(limit, serializer),
        None => serializer.serialize_str(OFF),
    }
}

/// The message for a value that was meant as `off`, perhaps.
pub(crate) fn not_quoted(written: &str) -> String {
    format!(
        "{written} is no limit: write \"off\" with its quotes for none, or leave the key out for the default"
    )
}
