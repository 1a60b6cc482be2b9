//! TOML 1.1: the first-class format. All of its mistakes are found in one reading.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::layer::{Layer, MAX_DEPTH};
use super::number;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};
use fault::SyntaxFault;

mod fault;
mod recover;

/// Reads a document. Dates and times become texts, as they were written.
pub(crate) fn parse(text: &Arc<SourceText>) -> Layer {
    let (blanked, mut errors) = recover::blanked(text.as_str());
    let (document, others) = DeTable::parse_recoverable(&blanked);
    errors.extend(others);
    let mut reading = Reading {
        text,
        faults: fault::all(text, &errors),
    };
    let table = reading.table(document.get_ref(), &KeyPath::root(), 0);
    let tree = Node::new(Value::Table(table), reading.origin(0..0));
    let problems = reading.faults.into_iter().map(|fault| {
        let origin = Origin::File(Span::new(text, fault.bytes));
        Problem::new(origin, fault.key, fault.what)
    });
    Layer {
        problems: problems.collect(),
        tree,
        cut: Vec::new(),
    }
}

/// The state of one reading: the text, and its mistakes so far.
struct Reading<'t> {
    text: &'t Arc<SourceText>,
    faults: Vec<SyntaxFault>,
}

impl Reading<'_> {
    fn origin(&self, bytes: Range<usize>) -> Origin {
        Origin::File(Span::new(self.text, bytes))
    }

    fn table(&mut self, table: &DeTable<'_>, path: &KeyPath, depth: usize) -> Table {
        // The parser sorts keys by name.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut read = Table::default();
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            if let Some(node) = self.value(value, &path.key(name), depth + 1) {
                read.insert(Entry {
                    key: name.to_owned(),
                    origin: self.origin(key.span()),
                    node,
                });
            }
        }
        read
    }

    /// Nothing (null) stands in the place of a value at fault: without it, the indices after it would be wrong.
    /// A list in which a value is not there at all has no indices.
    fn list(&mut self, list: &DeArray<'_>, path: &KeyPath, depth: usize) -> Option<Vec<Node>> {
        let mut read = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let node = self.value(value, &path.index(index), depth + 1);
            let absent = || Node::new(Value::Null, self.origin(value.span()));
            read.push(node.unwrap_or_else(absent));
        }
        let is_whole = list.iter().all(|value| !value.span().is_empty());
        is_whole.then_some(read)
    }

    /// The value, unless it is at fault.
    fn value(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        path: &KeyPath,
        depth: usize,
    ) -> Option<Node> {
        let bytes = value.span();
        if bytes.is_empty() {
            // The parser's stand-in for a value that is not there, of which it has said so.
            return None;
        }
        if depth > MAX_DEPTH {
            self.faults.push(SyntaxFault {
                bytes,
                key: path.clone(),
                what: What::too_deep(MAX_DEPTH),
            });
            return None;
        }
        let read = match value.get_ref() {
            DeValue::Table(table) => Value::Table(self.table(table, path, depth)),
            DeValue::Array(list) => Value::List(self.list(list, path, depth)?),
            _ if self.mark_fault(&bytes, path) => return None,
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(_) => Value::Text(self.text.as_str()[bytes.clone()].to_owned()),
            DeValue::Integer(number) => {
                let number = number::integer(number.as_str(), number.radix());
                self.number(number.map(Value::Integer), &bytes, path)?
            }
            DeValue::Float(number) => {
                let number = number::float(number.as_str());
                self.number(number.map(Value::Float), &bytes, path)?
            }
        };
        Some(Node::new(read, self.origin(bytes)))
    }

    /// Gives the fault that the parser has found in this value its key; `false` if there is none. A second
    /// fault of one value says nothing new.
    fn mark_fault(&mut self, bytes: &Range<usize>, path: &KeyPath) -> bool {
        let mut is_at_fault = false;
        self.faults.retain_mut(|fault| {
            let is_here = (bytes.start..=bytes.end).contains(&fault.bytes.start);
            if !is_here || !fault.key.is_root() {
                return true;
            }
            fault.key = path.clone();
            !std::mem::replace(&mut is_at_fault, true)
        });
        is_at_fault
    }

    fn number(
        &mut self,
        number: Result<Value, String>,
        bytes: &Range<usize>,
        path: &KeyPath,
    ) -> Option<Value> {
        number
            .map_err(|message| {
                self.faults.push(SyntaxFault {
                    bytes: bytes.clone(),
                    key: path.clone(),
                    what: What::Syntax { message },
                });
            })
            .ok()
    }
}

#[cfg(test)]
mod tests;
