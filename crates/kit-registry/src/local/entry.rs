//! The file of one instance: its name and its contents.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Error, ServiceInstance, ServiceName};

/// Between the service and the id; in both it is escaped.
const SEPARATOR: char = '@';
const ENDING: &str = ".json";
/// The number of bytes of each part that stand in a name as they are. Longer ones end with a hash.
const LONGEST: usize = 80;

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileEntry {
    /// The view that wrote it: `<process id>-<random>`.
    pub(super) owner: String,
    /// The time after which it runs out unless it is touched.
    pub(super) ttl: Duration,
    pub(super) instance: ServiceInstance,
}

#[derive(Serialize)]
struct Written<'a> {
    owner: &'a str,
    ttl_ms: u64,
    instance: &'a RawValue,
}

#[derive(Deserialize)]
struct Read<'a> {
    owner: String,
    ttl_ms: u64,
    #[serde(borrow)]
    instance: &'a RawValue,
}

impl FileEntry {
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let instance = RawValue::from_string(self.instance.to_json())?;
        serde_json::to_vec(&Written {
            owner: &self.owner,
            ttl_ms: u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX),
            instance: &instance,
        })
    }

    /// # Errors
    /// In one line, for a remark.
    pub(super) fn from_json(json: &[u8]) -> Result<FileEntry, String> {
        let read: Read<'_> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let instance = ServiceInstance::from_json(read.instance.get().as_bytes());
        let instance = instance.map_err(|error: Error| error.chain().to_string())?;
        Ok(FileEntry {
            owner: read.owner,
            ttl: Duration::from_millis(read.ttl_ms),
            instance,
        })
    }
}

/// The name of the file of an instance.
pub(super) fn name_of(instance: &ServiceInstance) -> String {
    let id = escaped(instance.id());
    format!("{}{id}{ENDING}", prefix_of(instance.name()))
}

/// The beginning of the names of a service's files.
pub(super) fn prefix_of(service: &ServiceName) -> String {
    format!("{}{SEPARATOR}", escaped(service.as_str()))
}

/// Whether a file of this name may hold an instance.
pub(super) fn is_entry_name(name: &str) -> bool {
    name.ends_with(ENDING) && name.contains(SEPARATOR)
}

/// A text as a part of a file's name, also where file systems do not tell capital letters from others:
/// small letters, digits, `-`, `_` and inner dots as they are, other bytes as `%xx`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => escaped.push(char::from(byte)),
            b'.' if at > 0 => escaped.push('.'),
            _ => escaped.push_str(&format!("%{byte:02x}")),
        }
    }
    if escaped.len() > LONGEST {
        escaped.truncate(LONGEST);
        escaped.push_str(&format!("~{:016x}{:016x}", hash(text, 0), hash(text, 1)));
    }
    escaped
}

/// FNV-1a: the same for each process and each version of Kit.
fn hash(text: &str, seed: u8) -> u64 {
    let bytes = std::iter::once(seed).chain(text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(service: &str, id: &str) -> String {
        name_of(&ServiceInstance::builder(id, service).build().unwrap())
    }

    #[test]
    fn names_are_readable_and_differ() {
        assert_eq!(name("hello-world", "7f3a"), "hello-world@7f3a.json");
        assert_eq!(name("..", "A@b"), "%2e.@%41%40b.json");
        let long = "x".repeat(60_000);
        let (one, two) = (name(&long, &long), name(&long, &format!("{long}y")));
        assert_ne!(one, two);
        // The longest name that file systems take.
        assert!(one.len() <= 255 && is_entry_name(&one), "{one}");
        assert!(!is_entry_name("notes.txt"));
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let instance = ServiceInstance::builder("1", "n").metadata("k", "<é>");
        let entry = FileEntry {
            owner: "7-1f".to_owned(),
            ttl: Duration::from_millis(1_500),
            instance: instance.build().unwrap(),
        };
        let json = entry.to_json().unwrap();
        assert_eq!(FileEntry::from_json(&json).unwrap(), entry);
        for cut in 0..json.len() {
            FileEntry::from_json(&json[..cut]).unwrap_err();
        }
    }
}
