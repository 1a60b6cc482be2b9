//! How events are delivered, from a file of settings: a word, or a table with the capacity.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::Delivery;

/// From `"inline"`, `"queued"` for the default capacity, or such as `{ queued = { capacity = 4096 } }`.
impl<'de> Deserialize<'de> for Delivery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Delivery, D::Error> {
        deserializer.deserialize_any(DeliveryVisitor)
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DeliveryTable {
    Queued(QueueTable),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueTable {
    capacity: usize,
}

struct DeliveryVisitor;

impl<'de> Visitor<'de> for DeliveryVisitor {
    type Value = Delivery;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"queued\", \"inline\", or such as { queued = { capacity = 4096 } }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Delivery, E> {
        match text {
            "queued" => Ok(Delivery::default()),
            "inline" => Ok(Delivery::Inline),
            _ => Err(E::unknown_variant(text, &["queued", "inline"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delivery, A::Error> {
        let DeliveryTable::Queued(queue) =
            DeliveryTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Delivery::Queued {
            capacity: queue.capacity,
        })
    }
}
