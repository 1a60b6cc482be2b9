//! The process that has written an entry.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use super::tags::OWNER;

/// A name that no other process has. Two processes with one id write the same entry; by this name each
/// sees whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner(String);

impl Owner {
    pub(crate) fn new() -> Owner {
        // The hash of nothing, whose keys come from the system's random source.
        let bits = RandomState::new().build_hasher().finish();
        Owner(format!("{bits:016x}"))
    }

    pub(crate) fn tag(&self) -> String {
        format!("{OWNER}{}", self.0)
    }

    /// The owner that an entry with these tags names. Programs other than Kit name none.
    pub(crate) fn of(tags: &[String]) -> Option<Owner> {
        let owner = tags.iter().find_map(|tag| tag.strip_prefix(OWNER))?;
        Some(Owner(owner.to_owned()))
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "owner {}", self.0)
    }
}
