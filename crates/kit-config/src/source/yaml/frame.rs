//! A list or a table that is being read.

use crate::problem::{Problem, What};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// A list or a table that is being read.
pub(super) struct Frame {
    inside: Inside,
    /// Zero if there is none.
    anchor: usize,
    origin: Origin,
}

/// Its values so far.
pub(super) enum Inside {
    /// Nothing (null) stands in the place of a value at fault: without it, the indices after it would be wrong.
    List(Vec<Node>),
    Table {
        table: Table,
        /// The key whose value comes next.
        key: Option<Key>,
        /// What `<<` takes in, with the place of `<<`.
        merged: Option<(Origin, Option<Node>)>,
    },
}

/// A key of a mapping.
pub(super) enum Key {
    Name(String, Origin),
    /// `<<`.
    Merge(Origin),
    /// It has been said what is wrong with it.
    Faulty,
}

impl Inside {
    pub(super) fn table() -> Inside {
        Inside::Table {
            table: Table::default(),
            key: None,
            merged: None,
        }
    }

    /// The name of its tag in YAML.
    pub(super) fn tag(&self) -> &'static str {
        match self {
            Inside::List(_) => "seq",
            Inside::Table { .. } => "map",
        }
    }
}

impl Frame {
    pub(super) fn new(inside: Inside, anchor: usize, origin: Origin) -> Frame {
        Frame {
            inside,
            anchor,
            origin,
        }
    }

    pub(super) fn anchor(&self) -> usize {
        self.anchor
    }

    pub(super) fn is_key_next(&self) -> bool {
        matches!(self.inside, Inside::Table { key: None, .. })
    }

    /// The step from here to the value that comes next.
    pub(super) fn step(&self) -> Option<Step> {
        match &self.inside {
            Inside::List(list) => Some(Step::Index(list.len())),
            Inside::Table { key, .. } => match key {
                Some(Key::Name(name, _)) => Some(Step::Key(name.clone())),
                Some(Key::Merge(_)) => Some(Step::Key("<<".to_owned())),
                Some(Key::Faulty) | None => None,
            },
        }
    }

    pub(super) fn put_key(&mut self, next: Key) {
        if let Inside::Table { key, .. } = &mut self.inside {
            *key = Some(next);
        }
    }

    /// Takes in a value, at the place `path`; `None` if it is at fault.
    pub(super) fn put(&mut self, node: Option<Node>, path: &KeyPath, problems: &mut Vec<Problem>) {
        match &mut self.inside {
            Inside::List(list) => {
                let absent = || Node::new(Value::Null, self.origin.clone());
                list.push(node.unwrap_or_else(absent));
            }
            Inside::Table { table, key, merged } => match (key.take(), node) {
                (Some(Key::Merge(origin)), node) => match merged {
                    Some((first, _)) => {
                        let first = first.clone();
                        let what = What::Duplicate { first };
                        problems.push(Problem::new(origin, path.clone(), what));
                    }
                    None => *merged = Some((origin, node)),
                },
                (Some(Key::Name(key, origin)), node) => {
                    if let Some(entry) = table.entry(&key) {
                        let first = entry.origin.clone();
                        let what = What::Duplicate { first };
                        problems.push(Problem::new(origin, path.clone(), what));
                    } else if let Some(node) = node {
                        table.insert(Entry { key, origin, node });
                    }
                }
                (Some(Key::Faulty) | None, _) => {}
            },
        }
    }

    /// The list or the table itself; `path` is its place.
    pub(super) fn end(self, path: &KeyPath, problems: &mut Vec<Problem>) -> Node {
        let value = match self.inside {
            Inside::List(list) => Value::List(list),
            Inside::Table {
                mut table, merged, ..
            } => {
                if let Some((origin, Some(node))) = merged {
                    merge(&mut table, node).unwrap_or_else(|()| {
                        let message = "`<<` takes a mapping, or a list of mappings".to_owned();
                        problems.push(Problem::new(origin, path.clone(), What::Syntax { message }));
                    });
                }
                Value::Table(table)
            }
        };
        Node::new(value, self.origin)
    }
}

/// Takes in the keys of a mapping, or of several, that are not there yet.
fn merge(table: &mut Table, node: Node) -> Result<(), ()> {
    match node.value {
        Value::Table(other) => {
            for entry in other.into_entries() {
                if table.get(&entry.key).is_none() {
                    table.insert(entry);
                }
            }
            Ok(())
        }
        Value::List(list) => {
            let merge_each = |node: Node| match node.value {
                Value::Table(_) => merge(table, node),
                _ => Err(()),
            };
            list.into_iter().try_for_each(merge_each)
        }
        _ => Err(()),
    }
}
