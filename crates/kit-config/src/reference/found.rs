//! What references have brought, or why they brought nothing.

use std::sync::Arc;

use super::fault::Fault;
use super::walk::each_inside;
use crate::tree::key::KeyPath;
use crate::tree::node::{Node, Value};
use crate::tree::origin::{Brought, Origin};

/// A value that references have brought.
pub(super) struct Found {
    /// The values inside of tables and lists have their own origins.
    pub(super) value: Value,
    pub(super) is_untyped: bool,
    pub(super) is_hidden: bool,
    pub(super) is_url: bool,
    /// The references, without their defaults.
    pub(super) from: Vec<String>,
}

impl Found {
    /// The value at the place of the references, which were written there.
    pub(super) fn at(self, written: &Origin) -> Node {
        if self.from.is_empty() {
            return Node::new(self.value, written.clone());
        }
        let from = self.from.join(", ");
        let brought = |is_untyped, is_hidden, is_url| {
            Origin::Reference(Arc::new(Brought {
                at: written.clone(),
                from: from.clone(),
                is_untyped,
                is_hidden,
                is_url,
            }))
        };
        let origin = brought(self.is_untyped, self.is_hidden, self.is_url);
        let mut node = Node::new(self.value, origin);
        each_inside(&mut node, &KeyPath::root(), &mut |_, inner| {
            let origin = &inner.origin;
            inner.origin = brought(origin.is_untyped(), origin.is_hidden(), origin.is_url());
        });
        node
    }

    /// The value as it stands inside of a text.
    pub(super) fn in_text(&self, reference: &str) -> Result<String, Fault> {
        let what = match &self.value {
            Value::Text(text) => return Ok(text.clone()),
            Value::Bool(value) => return Ok(value.to_string()),
            Value::Integer(value) => return Ok(value.to_string()),
            Value::Float(value) => return Ok(value.to_string()),
            Value::Null => "nothing",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        };
        let reference = reference.to_owned();
        Err(Fault::NotInText { reference, what })
    }
}

/// Why there is no value: the faults of one text. Without a fault, the setting that is referred to has failed,
/// and its problem is enough.
#[derive(Debug, Default)]
pub(super) struct Miss(Vec<Fault>);

impl Miss {
    /// Adds those that are not there yet.
    pub(super) fn add(&mut self, other: Miss) {
        for fault in other.0 {
            if !self.0.contains(&fault) {
                self.0.push(fault);
            }
        }
    }

    /// All faults in one message; `None` without one.
    pub(super) fn message(&self) -> Option<String> {
        let faults: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        (!faults.is_empty()).then(|| faults.join("; and "))
    }
}

impl From<Fault> for Miss {
    fn from(fault: Fault) -> Miss {
        Miss(vec![fault])
    }
}

impl From<Vec<Fault>> for Miss {
    fn from(faults: Vec<Fault>) -> Miss {
        Miss(faults)
    }
}
