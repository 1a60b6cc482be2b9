//! The JSON of an instance: written byte for byte as Go's `encoding/json` does, read tolerantly.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::ser::Formatter;

use crate::{Endpoint, Error};

pub(super) fn write(
    id: &str,
    name: &str,
    version: &str,
    metadata: &BTreeMap<String, String>,
    endpoints: &[Endpoint],
) -> String {
    let fields = Fields {
        id,
        name,
        version,
        // Without metadata Go has a nil map, and that is `null`.
        metadata: Some(metadata).filter(|metadata| !metadata.is_empty()),
        endpoints: endpoints.iter().map(Endpoint::as_str).collect(),
    };
    let mut json = Vec::with_capacity(256);
    serialize(&fields, &mut json);
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// The size of `value` in bytes when it is written, without writing it.
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

/// Reads the five values, and has `build` make an instance of them; with the errors of the endpoints
/// that were left out.
pub(super) fn read<T>(
    json: &[u8],
    build: impl FnOnce(
        String,
        String,
        String,
        BTreeMap<String, String>,
        Vec<Endpoint>,
    ) -> Result<T, Error>,
) -> Result<(T, Vec<Error>), Error> {
    let Raw {
        id,
        name,
        version,
        metadata,
        endpoints: texts,
    } = serde_json::from_slice(json).map_err(|source| Error::Decode {
        what: "the value".to_owned(),
        source: source.into(),
    })?;
    let metadata = metadata.into_iter();
    let metadata = metadata.map(|(key, value)| (key, value.unwrap_or_default()));
    let (mut endpoints, mut left_out) = (Vec::new(), Vec::new());
    for text in texts.into_iter().flatten() {
        match Endpoint::try_from(text) {
            Ok(endpoint) => endpoints.push(endpoint),
            Err(error) => left_out.push(error),
        }
    }
    let built = build(id, name, version, metadata.collect(), endpoints)?;
    Ok((built, left_out))
}

/// The five values in the order and the form in which Kratos writes them.
#[derive(Serialize)]
struct Fields<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    metadata: Option<&'a BTreeMap<String, String>>,
    endpoints: Vec<&'a str>,
}

/// Go's escapes: characters that are special inside HTML or JavaScript.
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

/// The five values as JSON has them, with `null` where Go allows it.
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
            match folded(&key).as_str() {
                "id" => set(&mut raw.id, map.next_value()?),
                "name" => set(&mut raw.name, map.next_value()?),
                "version" => set(&mut raw.version, map.next_value()?),
                // Of a key that comes twice, Go adds the second map to the first.
                "metadata" => match map.next_value::<Option<BTreeMap<_, _>>>()? {
                    Some(more) => raw.metadata.extend(more),
                    None => raw.metadata.clear(),
                },
                "endpoints" => raw.endpoints = map.next_value::<Option<_>>()?.unwrap_or_default(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(raw)
    }
}

/// A key in the form in which Go compares it: the letters that differ by case alone are one, and `ſ` is
/// an `s`. (Go folds all of Unicode; no other letter folds to one of the five keys.)
fn folded(key: &str) -> String {
    key.to_ascii_lowercase().replace('ſ', "s")
}

/// In Go a `null` leaves the text that the field has.
fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
