//! `#[serde(with = "kit_units::size_limit")]`: an optional number of bytes as text or as a plain number,
//! where `"off"` is `None`; for `Option` of `u32`, `u64` and `usize`.

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;

use crate::limit::{OFF, not_quoted};
use crate::size::{self, Bytes};
use crate::written::{Written, read};

const EXPECTED: &str = "a size such as \"16MiB\", a number of bytes, or \"off\"";

/// Reads the text of a size, a number of bytes, or `"off"`.
///
/// # Errors
/// What is written is none of these, or has no room in the field.
pub fn deserialize<'de, D: Deserializer<'de>, T: Bytes>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match read(deserializer, EXPECTED)? {
        Written::Text(text) if text.trim() == OFF => Ok(None),
        Written::Bool(false) => Err(D::Error::custom(not_quoted("false"))),
        Written::Nothing => Err(D::Error::custom(not_quoted("nothing"))),
        written => size::of(written, EXPECTED).map(Some),
    }
}

/// Writes the size as text, and `None` as `"off"`.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer, T: Bytes>(
    limit: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match limit {
        Some(limit) => size::serialize(limit, serializer),
        None => serializer.serialize_str(OFF),
    }
}
