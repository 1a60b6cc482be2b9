//! From a file or the environment.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::Listen;

/// From the text that [`FromStr`](std::str::FromStr) takes, and with its errors.
impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Listen, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address to listen at, such as \":8000\" or \"localhost:8000\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        text.parse().map_err(E::custom)
    }
}
