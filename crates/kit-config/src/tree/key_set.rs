//! Keys, to be asked for those near another one.

use std::collections::HashSet;

use super::key::KeyPath;

/// Keys that are asked for at every mistake: a search along all of them would take seconds of a large file.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    keys: HashSet<KeyPath>,
    /// The keys, and all that are around them.
    around: HashSet<KeyPath>,
    /// The tables and lists in which they stand.
    parents: HashSet<KeyPath>,
}

impl KeySet {
    pub(crate) fn add(&mut self, key: &KeyPath) {
        if !self.keys.insert(key.clone()) {
            return;
        }
        self.parents.extend(key.parent());
        let mut at = Some(key.clone());
        while let Some(key) = at {
            at = key.parent();
            if !self.around.insert(key) {
                break;
            }
        }
    }

    /// Whether one of them is this key, or is inside of it, or around it.
    pub(crate) fn has_near(&self, key: &KeyPath) -> bool {
        self.has_inside(key) || self.has_around(key)
    }

    /// Whether one of them is this key, or is inside of it.
    pub(crate) fn has_inside(&self, key: &KeyPath) -> bool {
        self.around.contains(key)
    }

    /// Whether one of them is this key, or is around it.
    fn has_around(&self, key: &KeyPath) -> bool {
        let mut at = Some(key.clone());
        while let Some(key) = at {
            if self.keys.contains(&key) {
                return true;
            }
            at = key.parent();
        }
        false
    }

    /// Whether one of them stands in this table, and not deeper.
    pub(crate) fn has_child(&self, table: &KeyPath) -> bool {
        self.parents.contains(table)
    }
}

impl<'k> FromIterator<&'k KeyPath> for KeySet {
    fn from_iter<I: IntoIterator<Item = &'k KeyPath>>(keys: I) -> KeySet {
        let mut set = KeySet::default();
        keys.into_iter().for_each(|key| set.add(key));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_what_is_around_and_inside_of_them() {
        let http = KeyPath::root().key("http");
        let name = KeyPath::root().key("servers").index(0).key("name");
        let set: KeySet = [&http, &name].into_iter().collect();
        for (key, near, around, child) in [
            (KeyPath::root(), true, false, true),
            (http.clone(), true, true, false),
            (http.key("port"), true, true, false),
            (KeyPath::root().key("servers"), true, false, false),
            (KeyPath::root().key("servers").index(0), true, false, true),
            (KeyPath::root().key("servers").index(1), false, false, false),
            (KeyPath::root().key("grpc"), false, false, false),
        ] {
            let found = (
                set.has_near(&key),
                set.has_around(&key),
                set.has_child(&key),
            );
            assert_eq!(found, (near, around, child), "{key}");
        }
        assert!(!KeySet::default().has_near(&KeyPath::root()));
    }
}
