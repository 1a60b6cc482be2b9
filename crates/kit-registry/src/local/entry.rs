//! The file of one instance: its name and its contents.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::files::escaped;
use crate::{Error, ServiceInstance, ServiceName};

/// Between the service and the id; in both it is escaped.
const SEPARATOR: char = '@';
const ENDING: &str = ".json";
/// The most that a URL takes. Without a limit the entry of another program would never run out.
const LONGEST_TTL: Duration = Duration::from_secs(3_600);

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
        let ttl = Duration::from_millis(read.ttl_ms);
        if ttl > LONGEST_TTL {
            return Err(format!("its ttl_ms is {}, which is over 1h", read.ttl_ms));
        }
        let instance = ServiceInstance::from_json(read.instance.get().as_bytes());
        let instance = instance.map_err(|error: Error| error.chain().to_string())?;
        Ok(FileEntry {
            owner: read.owner,
            ttl,
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
        let json = String::from_utf8(json).unwrap();
        let endless = json.replace("1500", "3600001");
        assert_eq!(
            FileEntry::from_json(endless.as_bytes()).unwrap_err(),
            "its ttl_ms is 3600001, which is over 1h"
        );
    }
}
