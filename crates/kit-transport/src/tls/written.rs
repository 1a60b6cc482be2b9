//! PEM, and the clients that may connect, from a file of settings.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error, Serialize, Serializer};

use super::{Clients, Pem, Source};

/// From a path, or from PEM itself.
impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pem, D::Error> {
        String::deserialize(deserializer).map(Pem::from)
    }
}

/// As its path. PEM in memory may be a key, so it is an error, and written nowhere.
impl Serialize for Pem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Source::File(path) => path.serialize(serializer),
            Source::Bytes(_) => Err(S::Error::custom(
                "PEM in memory is not written, as it may be a key",
            )),
        }
    }
}

const EXPECTED: &str = "\"anonymous\", or a table with the authorities' file, such as \
                        { require = \"/etc/tls/ca.crt\" } or { accept = \"/etc/tls/ca.crt\" }";

/// From `"anonymous"`, or a table with the file of the authorities as `require` or `accept`.
impl<'de> Deserialize<'de> for Clients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Clients, D::Error> {
        deserializer.deserialize_any(WordOrTable)
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ClientsTable {
    Accept(Pem),
    Require(Pem),
}

struct WordOrTable;

impl<'de> Visitor<'de> for WordOrTable {
    type Value = Clients;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Clients, E> {
        match text {
            "anonymous" => Ok(Clients::Anonymous),
            _ => Err(E::custom(format!(
                "{text:?} does not say which clients may connect: write {EXPECTED}"
            ))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Clients, A::Error> {
        Ok(
            match ClientsTable::deserialize(MapAccessDeserializer::new(map))? {
                ClientsTable::Accept(pem) => Clients::MayHave(pem),
                ClientsTable::Require(pem) => Clients::MustHave(pem),
            },
        )
    }
}
