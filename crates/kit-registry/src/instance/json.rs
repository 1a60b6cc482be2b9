//! The JSON of an instance: written byte for byte as Go's `encoding/json` does, read tolerantly.

use std::collections::BTreeMap;
use std::io;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use super::{ServiceInstance, undecodable};
use crate::{Endpoint, Error};

pub(super) fn write(instance: &ServiceInstance) -> String {
    let mut json = Vec::with_capacity(256);
    serialize(&Fields(instance), &mut json);
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// How many bytes `value` has when it is written, without writing it.
pub(super) fn size_of(value: &impl Serialize) -> usize {
    let mut count = Count(0);
    serialize(value, &mut count);
    count.0
}

fn serialize(value: &impl Serialize, into: impl io::Write) {
    let mut serializer = serde_json::Serializer::with_formatter(into, GoEscapes);
    value
        .serialize(&mut serializer)
        .expect("strings, lists and maps of strings always serialize into memory");
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The instance, and what of it was left out. Its size is not checked: it was stored as it is.
pub(super) fn read(json: &[u8]) -> Result<(ServiceInstance, Vec<Error>), Error> {
    let Raw {
        id,
        name,
        version,
        metadata,
        endpoints,
    } = serde_json::from_slice(json).map_err(undecodable)?;
    let mut builder = ServiceInstance::builder(id, name).version(version);
    for (key, value) in metadata {
        builder = builder.metadata(key, value.unwrap_or_default());
    }
    let mut left_out = Vec::new();
    for text in endpoints.into_iter().flatten() {
        match Endpoint::try_from(text) {
            Ok(endpoint) => builder = builder.endpoint(endpoint),
            Err(error) => left_out.push(error),
        }
    }
    Ok((builder.build_of_any_size()?, left_out))
}

struct Fields<'a>(&'a ServiceInstance);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Fields(instance) = self;
        let mut fields = serializer.serialize_struct("ServiceInstance", 5)?;
        fields.serialize_field("id", &instance.id)?;
        fields.serialize_field("name", instance.name.as_str())?;
        fields.serialize_field("version", &instance.version)?;
        // Without metadata Go has a nil map, and that is `null`.
        let metadata = Some(&instance.metadata).filter(|metadata| !metadata.is_empty());
        fields.serialize_field("metadata", &metadata)?;
        let endpoints: Vec<&str> = instance.endpoints.iter().map(Endpoint::as_str).collect();
        fields.serialize_field("endpoints", &endpoints)?;
        fields.end()
    }
}

/// Go escapes what would be special inside HTML or JavaScript.
struct GoEscapes;

impl Formatter for GoEscapes {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, special)) = rest.char_indices().find_map(|(at, c)| {
            let escape = match c {
                '<' => "\\u003c",
                '>' => "\\u003e",
                '&' => "\\u0026",
                '\u{2028}' => "\\u2028",
                '\u{2029}' => "\\u2029",
                _ => return None,
            };
            Some((at, (escape, c.len_utf8())))
        }) {
            let (escape, length) = special;
            writer.write_all(&rest.as_bytes()[..at])?;
            writer.write_all(escape.as_bytes())?;
            rest = &rest[at + length..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// The five values before validation.
#[derive(Default)]
struct Raw {
    id: String,
    name: String,
    version: String,
    metadata: BTreeMap<String, Option<String>>,
    endpoints: Vec<Option<String>>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an instance as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "id" => set(&mut raw.id, map.next_value()?),
                "name" => set(&mut raw.name, map.next_value()?),
                "version" => set(&mut raw.version, map.next_value()?),
                "metadata" => set(&mut raw.metadata, map.next_value()?),
                "endpoints" => set(&mut raw.endpoints, map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(raw)
    }
}

/// In Go a `null` leaves what is there.
fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
