//! Names of headers, in a file of settings.

use std::fmt;

use http::HeaderName;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// One name, which says what is wrong with it where it stands.
struct WrittenHeader(HeaderName);

impl<'de> Deserialize<'de> for WrittenHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenHeader, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = WrittenHeader;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a header, such as \"x-request-id\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<WrittenHeader, E> {
                let name = HeaderName::from_bytes(text.as_bytes());
                name.map(WrittenHeader).map_err(|_| {
                    E::custom(format!(
                        "{text:?} is no name of a header: write letters, digits and `-`, such as \
                         \"x-request-id\""
                    ))
                })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// One header.
pub(super) mod one {
    use super::{Deserialize, Deserializer, HeaderName, Serializer, WrittenHeader};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HeaderName, D::Error> {
        WrittenHeader::deserialize(deserializer).map(|name| name.0)
    }

    pub(crate) fn serialize<S: Serializer>(
        name: &HeaderName,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name.as_str())
    }
}

/// One header, or the key left out.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, HeaderName, Serialize, Serializer, WrittenHeader};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<HeaderName>, D::Error> {
        let name = Option::<WrittenHeader>::deserialize(deserializer)?;
        Ok(name.map(|name| name.0))
    }

    pub(crate) fn serialize<S: Serializer>(
        name: &Option<HeaderName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        name.as_ref().map(HeaderName::as_str).serialize(serializer)
    }
}

/// Any number of headers.
pub(super) mod many {
    use super::{Deserialize, Deserializer, HeaderName, Serializer, WrittenHeader};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<HeaderName>, D::Error> {
        let names = Vec::<WrittenHeader>::deserialize(deserializer)?;
        Ok(names.into_iter().map(|name| name.0).collect())
    }

    pub(crate) fn serialize<S: Serializer>(
        names: &[HeaderName],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(names.iter().map(HeaderName::as_str))
    }
}
