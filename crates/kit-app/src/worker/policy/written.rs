//! What a failure does, from a file of settings: a word, or a table for the restarts.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::{Policy, Restarts};

const WORDS: &[&str] = &["stop", "restart", "ignore"];
const RESTART: &str = "{ restart = { limit = 5, period = \"1m\" } }";

/// From `"stop"`, `"ignore"`, or a table with the [`Restarts`] as `restart`.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Policy, D::Error> {
        deserializer.deserialize_any(PolicyVisitor)
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PolicyTable {
    Restart(Restarts),
}

struct PolicyVisitor;

impl<'de> Visitor<'de> for PolicyVisitor {
    type Value = Policy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"stop\", \"ignore\", or such as {RESTART}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Policy, E> {
        match text {
            "stop" => Ok(Policy::Stop),
            "ignore" => Ok(Policy::Ignore),
            "restart" => Err(E::custom(format!(
                "\"restart\" does not say how often: write such as {RESTART}"
            ))),
            _ => Err(E::unknown_variant(text, WORDS)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Policy, A::Error> {
        let PolicyTable::Restart(restarts) =
            PolicyTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Policy::Restart(restarts))
    }
}
