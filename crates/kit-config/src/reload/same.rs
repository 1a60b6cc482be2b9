//! Whether two values mean the same, wherever they were written.

use crate::tree::node::{Node, Value};

/// Whether two values are the same, without their origins and the order of keys. An absent value and a
/// null are the same.
pub(super) fn is_same(one: Option<&Node>, other: Option<&Node>) -> bool {
    match (value(one), value(other)) {
        (Value::Table(one), Value::Table(other)) => {
            let there = |key| is_same(one.get(key), other.get(key));
            one.iter()
                .chain(other.iter())
                .all(|entry| there(&entry.key))
        }
        (Value::List(one), Value::List(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_same(Some(one), Some(other)))
        }
        // No number is equal to itself here that was not written the same.
        (Value::Float(one), Value::Float(other)) => {
            one == other || (one.is_nan() && other.is_nan())
        }
        (one, other) => one == other,
    }
}

fn value(node: Option<&Node>) -> &Value {
    node.map_or(&Value::Null, |node| &node.value)
}
