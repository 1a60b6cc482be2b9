//! What a configuration has written for a duration or a size, before it is judged.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

/// One value without a structure.
#[derive(Debug)]
pub(crate) enum Written {
    Text(String),
    /// A whole number, not negative.
    Bytes(u64),
    /// Any other number, as it would be written.
    Number(String),
    Bool(bool),
    Nothing,
}

/// Reads one value of any kind. `expected` ends the message when it is a list or a table.
pub(crate) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<Written, D::Error> {
    deserializer.deserialize_any(Reader(expected))
}

struct Reader(&'static str);

impl<'de> Visitor<'de> for Reader {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        Ok(Written::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Written, E> {
        Ok(Written::Bytes(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Written, E> {
        Ok(match u64::try_from(number) {
            Ok(number) => Written::Bytes(number),
            Err(_) => Written::Number(number.to_string()),
        })
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Written, E> {
        Ok(Written::Number(number.to_string()))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Written, E> {
        Ok(Written::Number(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Written, E> {
        Ok(Written::Number(number.to_string()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Written, E> {
        Ok(Written::Bool(flag))
    }

    fn visit_unit<E: Error>(self) -> Result<Written, E> {
        Ok(Written::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<Written, E> {
        Ok(Written::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        read(deserializer, self.0)
    }
}
