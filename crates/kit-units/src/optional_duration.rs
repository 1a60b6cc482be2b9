//! `#[serde(with = "kit_units::optional_duration")]`: an `Option<Duration>` as text, where a key that is
//! left out is `None`: the setting has its default from elsewhere.
//!
//! That is no [`limit`](crate::limit), where `None` is no limit and a word of the file: `"off"` is an
//! error here. The field has `#[serde(default)]` as well, and
//! `skip_serializing_if = "Option::is_none"` where the format has no null.

use std::time::Duration;

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;

use crate::duration;
use crate::limit::OFF;
use crate::written::{Written, read};

const EXPECTED: &str = "a duration such as \"30s\"";

/// Reads the text of a duration; null is `None`, as in every optional field.
///
/// # Errors
/// What is written is no duration.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    match read(deserializer, EXPECTED)? {
        Written::Nothing => Ok(None),
        Written::Text(text) if text.trim() == OFF => Err(D::Error::custom(
            "\"off\" is not for this setting: write a duration such as \"30s\", or leave the key out \
             for the default",
        )),
        written => duration::of(written, EXPECTED).map(Some),
    }
}

/// Writes the duration as text, and `None` as null.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => duration::serialize(duration, serializer),
        None => serializer.serialize_none(),
    }
}
