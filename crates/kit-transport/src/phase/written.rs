//! A phase, from a file of settings.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use super::Phase;

/// From its number, or the name of a phase that has one: `"resources"`, `"workers"`, `"servers"`.
impl<'de> Deserialize<'de> for Phase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Phase, D::Error> {
        deserializer.deserialize_any(NameOrNumber)
    }
}

struct NameOrNumber;

impl Visitor<'_> for NameOrNumber {
    type Value = Phase;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a phase: \"resources\", \"workers\", \"servers\", or a number from 0 to 65535")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Phase, E> {
        match text {
            "resources" => Ok(Phase::RESOURCES),
            "workers" => Ok(Phase::WORKERS),
            "servers" => Ok(Phase::SERVERS),
            // From the environment everything is a text.
            _ => match text.parse() {
                Ok(order) => Ok(Phase::new(order)),
                Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            },
        }
    }

    fn visit_u64<E: Error>(self, order: u64) -> Result<Phase, E> {
        match u16::try_from(order) {
            Ok(order) => Ok(Phase::new(order)),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(order), &self)),
        }
    }

    fn visit_i64<E: Error>(self, order: i64) -> Result<Phase, E> {
        match u64::try_from(order) {
            Ok(order) => self.visit_u64(order),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(order), &self)),
        }
    }
}
