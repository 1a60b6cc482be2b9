//! Values with their origins.

use std::collections::BTreeMap;

use super::key::{KeyPath, Step};
use super::origin::Origin;
use super::text::Span;

/// A value with its origin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What a source can hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

/// Values under keys, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// `None` where a key was taken out, so that the places after it stay.
    entries: Vec<Option<Entry>>,
    /// The place of each key: a file may have so many that a search along them all takes seconds.
    places: BTreeMap<String, usize>,
}

/// A value and its key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key was written.
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(*self.places.get(key)?)?.as_ref()
    }

    /// Its key has to stay as it is.
    pub(crate) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.get_mut(*self.places.get(key)?)?.as_mut()
    }

    /// Puts a value in the place of the one with the same key, or at the end; gives the one before.
    pub(crate) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        match self.entry_mut(&entry.key) {
            Some(place) => Some(std::mem::replace(place, entry)),
            None => {
                self.places.insert(entry.key.clone(), self.entries.len());
                self.entries.push(Some(entry));
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        let place = self.places.remove(key)?;
        self.entries.get_mut(place)?.take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// The keys have to stay as they are.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().flatten()
    }

    pub(crate) fn into_entries(self) -> impl Iterator<Item = Entry> {
        self.entries.into_iter().flatten()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Table) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Node {
        Node { value, origin }
    }

    /// A table with nothing in it.
    pub(crate) fn empty(origin: Origin) -> Node {
        Node::new(Value::Table(Table::default()), origin)
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Keeps the value from being shown with the line that it was written in.
    pub(crate) fn hide(&self) {
        match &self.value {
            Value::List(list) => list.iter().for_each(Node::hide),
            Value::Table(table) => table.iter().for_each(|entry| entry.node.hide()),
            _ => self.origin.span().into_iter().for_each(Span::hide),
        }
    }

    /// Whether anything in it was written, and is not a default.
    pub(crate) fn has_set_values(&self) -> bool {
        self.first_origin() != &Origin::Default
    }

    /// Where the first value of it was written; its own origin if none was.
    pub(crate) fn first_origin(&self) -> &Origin {
        if self.origin != Origin::Default && self.as_table().is_none() {
            return &self.origin;
        }
        let mut origins: Box<dyn Iterator<Item = &Origin>> = match &self.value {
            Value::List(list) => Box::new(list.iter().map(Node::first_origin)),
            Value::Table(table) => Box::new(table.iter().map(|entry| entry.node.first_origin())),
            _ => Box::new(std::iter::empty()),
        };
        let is_set = |origin: &&Origin| **origin != Origin::Default;
        origins.find(is_set).unwrap_or(&self.origin)
    }

    /// The value under this key.
    pub(crate) fn get(&self, key: &KeyPath) -> Option<&Node> {
        key.steps()
            .iter()
            .try_fold(self, |node, step| match (&node.value, step) {
                (Value::Table(table), Step::Key(key)) => table.get(key),
                (Value::List(list), Step::Index(index)) => list.get(*index),
                _ => None,
            })
    }

    /// The value under this key.
    pub(crate) fn get_mut(&mut self, key: &KeyPath) -> Option<&mut Node> {
        key.steps()
            .iter()
            .try_fold(self, |node, step| match (&mut node.value, step) {
                (Value::Table(table), Step::Key(key)) => {
                    table.entry_mut(key).map(|entry| &mut entry.node)
                }
                (Value::List(list), Step::Index(index)) => list.get_mut(*index),
                _ => None,
            })
    }

    /// Takes the value under this key out; `None` also for the root.
    pub(crate) fn remove(&mut self, key: &KeyPath) -> Option<Node> {
        let (last, _) = key.steps().split_last()?;
        let parent = self.get_mut(&key.parent()?)?;
        match (&mut parent.value, last) {
            (Value::Table(table), Step::Key(key)) => table.remove(key).map(|entry| entry.node),
            (Value::List(list), Step::Index(index)) if *index < list.len() => {
                Some(list.remove(*index))
            }
            _ => None,
        }
    }

    /// Puts a value under this key, whose tables are made where there are none; gives back a value that
    /// finds no place: another value than a table is in the way, or a list has no such index. A list
    /// grows by one at its end.
    pub(crate) fn insert(&mut self, key: &KeyPath, node: Node) -> Result<(), Node> {
        let Some((first, rest)) = key.steps().split_first() else {
            *self = node;
            return Ok(());
        };
        let rest: KeyPath = rest.iter().cloned().collect();
        let origin = node.origin.clone();
        let empty = || match rest.steps().first() {
            Some(Step::Index(_)) => Node::new(Value::List(Vec::new()), origin.clone()),
            Some(Step::Key(_)) | None => Node::empty(origin.clone()),
        };
        match (&mut self.value, first) {
            (Value::Table(table), Step::Key(key)) => {
                if table.get(key).is_none() {
                    table.insert(Entry {
                        key: key.clone(),
                        origin: origin.clone(),
                        node: empty(),
                    });
                }
                match table.entry_mut(key) {
                    Some(entry) => entry.node.insert(&rest, node),
                    None => Err(node),
                }
            }
            (Value::List(list), Step::Index(index)) => {
                if *index == list.len() {
                    list.push(empty());
                }
                match list.get_mut(*index) {
                    Some(place) => place.insert(&rest, node),
                    None => Err(node),
                }
            }
            _ => Err(node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::new(Value::Text(text.to_owned()), Origin::Default)
    }

    #[test]
    fn a_value_is_put_under_its_key_found_and_taken_out() {
        let mut root = Node::empty(Origin::Default);
        let name = KeyPath::root().key("servers").index(0).key("name");
        root.insert(&name, text("a")).expect("a place");
        root.insert(&name, text("b")).expect("the same place");
        assert_eq!(root.get(&name).and_then(Node::as_text), Some("b"));
        assert_eq!(root.remove(&name), Some(text("b")));
        assert_eq!(root.get(&name), None);
        assert!(root.get(&KeyPath::root().key("servers").index(0)).is_some());
    }

    #[test]
    fn a_table_keeps_its_order_when_keys_are_taken_out_and_put_in() {
        let mut table = Table::default();
        let entry = |key: &str, value: &str| Entry {
            key: key.to_owned(),
            origin: Origin::Default,
            node: text(value),
        };
        for key in ["a", "b", "c"] {
            assert_eq!(table.insert(entry(key, key)), None);
        }
        assert_eq!(table.remove("a"), Some(entry("a", "a")));
        assert_eq!((table.remove("a"), table.entry("a")), (None, None));
        assert_eq!(table.insert(entry("c", "new")), Some(entry("c", "c")));
        assert_eq!(table.insert(entry("a", "last")), None);
        let keys: Vec<String> = table.iter().map(|entry| entry.key.clone()).collect();
        assert_eq!(keys, ["b", "c", "a"]);
        assert_eq!(table.get("c").and_then(Node::as_text), Some("new"));
        let mut other = Table::default();
        for (key, value) in [("b", "b"), ("c", "new"), ("a", "last")] {
            other.insert(entry(key, value));
        }
        assert_eq!(table, other);
        for key in keys {
            table.remove(&key);
        }
        assert!(table.is_empty());
    }

    #[test]
    fn a_value_that_finds_no_place_is_given_back() {
        let mut root = Node::empty(Origin::Default);
        let list = KeyPath::root().key("list");
        assert_eq!(root.insert(&list.index(1), text("a")), Err(text("a")));
        root.insert(&KeyPath::root().key("name"), text("a"))
            .expect("a place");
        let inside = KeyPath::root().key("name").key("first");
        assert_eq!(root.insert(&inside, text("b")), Err(text("b")));
    }
}
