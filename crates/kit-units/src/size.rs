//! `#[serde(with = "kit_units::size")]`: a number of bytes as text, such as `"16MiB"`, or as a plain
//! number; for `u32`, `u64` and `usize`.

use serde::de::{Deserializer, Error, Unexpected};
use serde::ser::Serializer;

use crate::UnitError;
use crate::size_text::{format_size, parse_size};
use crate::written::{Written, read};

const EXPECTED: &str = "a size such as \"16MiB\", or a number of bytes";

/// A number of bytes: `u32`, `u64` or `usize`.
pub trait Bytes: Copy {
    /// From a count of bytes; `None` when it has no room.
    fn from_bytes(bytes: u64) -> Option<Self>;
    /// The count of bytes.
    fn bytes(self) -> u64;
    /// The largest count that has room.
    fn most() -> u64;
}

impl Bytes for u32 {
    fn from_bytes(bytes: u64) -> Option<u32> {
        u32::try_from(bytes).ok()
    }

    fn bytes(self) -> u64 {
        self.into()
    }

    fn most() -> u64 {
        u32::MAX.into()
    }
}

impl Bytes for u64 {
    fn from_bytes(bytes: u64) -> Option<u64> {
        Some(bytes)
    }

    fn bytes(self) -> u64 {
        self
    }

    fn most() -> u64 {
        u64::MAX
    }
}

impl Bytes for usize {
    fn from_bytes(bytes: u64) -> Option<usize> {
        usize::try_from(bytes).ok()
    }

    fn bytes(self) -> u64 {
        // No machine has addresses of more than 64 bits.
        u64::try_from(self).unwrap_or(u64::MAX)
    }

    fn most() -> u64 {
        usize::MAX.bytes()
    }
}

/// Reads the text of a size, or a number of bytes.
///
/// # Errors
/// What is written is no size, or has no room in the field.
pub fn deserialize<'de, D: Deserializer<'de>, T: Bytes>(deserializer: D) -> Result<T, D::Error> {
    of(read(deserializer, EXPECTED)?, EXPECTED)
}

/// Writes the size as text.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer, T: Bytes>(size: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_size(size.bytes()))
}

/// The size that is written.
pub(crate) fn of<T: Bytes, E: Error>(written: Written, expected: &str) -> Result<T, E> {
    let bytes = match &written {
        Written::Text(text) => parse_size(text).map_err(E::custom)?,
        Written::Bytes(bytes) => *bytes,
        Written::Number(number) => {
            return Err(E::custom(format!(
                "{number} is no number of bytes: write {expected}"
            )));
        }
        Written::Bool(flag) => return Err(E::invalid_type(Unexpected::Bool(*flag), &expected)),
        Written::Nothing => return Err(E::invalid_type(Unexpected::Unit, &expected)),
    };
    T::from_bytes(bytes).ok_or_else(|| {
        E::custom(UnitError::TooLarge {
            text: match written {
                Written::Text(text) => format!("{text:?}"),
                _ => bytes.to_string(),
            },
            most: T::most().to_string(),
        })
    })
}
