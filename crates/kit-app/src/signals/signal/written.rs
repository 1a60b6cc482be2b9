//! A signal, from a file of settings.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Signal;

/// From its name, such as `"SIGTERM"` or `"TERM"`, or its number.
impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Signal, D::Error> {
        deserializer.deserialize_any(NameOrNumber)
    }
}

/// As its name, or its number where it has none.
impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.name() {
            Some(name) => serializer.serialize_str(name),
            None => serializer.serialize_i32(self.number()),
        }
    }
}

const EXPECTED: &str = "a signal by its name, such as \"SIGTERM\", or by its number from 1";

struct NameOrNumber;

impl Visitor<'_> for NameOrNumber {
    type Value = Signal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Signal, E> {
        let number = text.parse::<i32>().ok().filter(|number| *number > 0);
        let signal = number.map(Signal::from).or_else(|| Signal::named(text));
        signal.ok_or_else(|| E::custom(format!("{text:?} is no signal: write {EXPECTED}")))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Signal, E> {
        match i32::try_from(number).ok().filter(|number| *number > 0) {
            Some(number) => Ok(Signal::from(number)),
            None => Err(E::custom(format!(
                "{number} is no signal: write {EXPECTED}"
            ))),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Signal, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
