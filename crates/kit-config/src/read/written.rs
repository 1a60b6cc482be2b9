//! The tree of a value that is a default.

use std::fmt;

use serde::ser::Error;

use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// Why settings cannot be written.
#[derive(Debug)]
pub(super) struct Unwritable(pub(super) String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

impl Error for Unwritable {
    fn custom<T: fmt::Display>(message: T) -> Unwritable {
        Unwritable(message.to_string())
    }
}

/// The tree of a value, or why there is none.
pub(super) type Written = Result<Node, Unwritable>;

/// A value that is a default.
pub(super) fn node(value: Value) -> Node {
    Node::new(value, Origin::Default)
}

/// An entry that is a default.
pub(super) fn entry(key: impl Into<String>, node: Node) -> Entry {
    Entry {
        key: key.into(),
        origin: Origin::Default,
        node,
    }
}

/// A table with one key, which names a variant.
pub(super) fn variant(name: &str, content: Value) -> Node {
    let mut table = Table::default();
    table.insert(entry(name, node(content)));
    node(Value::Table(table))
}
