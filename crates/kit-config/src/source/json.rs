//! JSON, as strict as its standard: no comments, no trailing commas, no keys that are written twice.

use std::ops::Range;
use std::sync::Arc;

use jsonc_parser::ast::{Object, Value as Parsed};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};

use super::layer::{Layer, MAX_DEPTH};
use super::number;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};

mod mend;

/// Reads a document, which has to be an object, or empty. Behind most mistakes of its form the reading goes on;
/// else what stands before the mistake is read.
pub(crate) fn parse(text: &Arc<SourceText>) -> Layer {
    let mended = mend::mended(text.as_str());
    let mut reading = Conversion {
        text,
        problems: Vec::new(),
        cut: mended.cut,
        open: Vec::new(),
    };
    for (bytes, message) in mended.faults {
        reading.refuse(bytes, KeyPath::root(), &message);
    }
    let parsed = parse_to_ast(&mended.text, &CollectOptions::default(), &mended.options);
    let table = match parsed.map(|parsed| parsed.value) {
        Ok(Some(Parsed::Object(object))) => {
            reading.note_cut(bytes_of(&object), &KeyPath::root());
            reading.table(&object, &KeyPath::root(), 0)
        }
        Ok(Some(other)) => {
            let message = "the document has to be an object: `{\"key\": value}`";
            reading.refuse(bytes_of(&other), KeyPath::root(), message);
            Table::default()
        }
        Ok(None) | Err(_) => {
            reading.note_cut(0..text.as_str().len(), &KeyPath::root());
            Table::default()
        }
    };
    Layer {
        tree: Node::new(Value::Table(table), reading.origin(0..0)),
        problems: reading.problems,
        cut: reading.open,
    }
}

fn bytes_of(value: &impl Ranged) -> Range<usize> {
    let range = value.range();
    range.start..range.end
}

/// The state of one reading: the text, and its problems so far.
struct Conversion<'t> {
    text: &'t Arc<SourceText>,
    problems: Vec<Problem>,
    /// Where the text was cut.
    cut: Option<usize>,
    /// The lists and tables that go on behind the cut.
    open: Vec<KeyPath>,
}

impl Conversion<'_> {
    fn note_cut(&mut self, bytes: Range<usize>, path: &KeyPath) {
        if self.cut.is_some_and(|cut| bytes.end > cut) {
            self.open.push(path.clone());
        }
    }

    fn origin(&self, bytes: Range<usize>) -> Origin {
        Origin::File(Span::new(self.text, bytes))
    }

    fn refuse(&mut self, bytes: Range<usize>, key: KeyPath, message: &str) {
        // The parser begins its messages in upper case.
        let mut letters = message.chars();
        let first = letters.next().into_iter().flat_map(char::to_lowercase);
        let message = first.chain(letters).collect();
        let problem = Problem::new(self.origin(bytes), key, What::Syntax { message });
        self.problems.push(problem);
    }

    fn table(&mut self, object: &Object<'_>, path: &KeyPath, depth: usize) -> Table {
        let mut table = Table::default();
        for property in &object.properties {
            let key = property.name.as_str();
            let path = path.key(key);
            let origin = self.origin(bytes_of(&property.name));
            if let Some(entry) = table.entry(key) {
                let first = entry.origin.clone();
                self.problems
                    .push(Problem::new(origin, path, What::Duplicate { first }));
            } else if let Some(node) = self.value(&property.value, &path, depth + 1) {
                let key = key.to_owned();
                table.insert(Entry { key, origin, node });
            }
        }
        table
    }

    /// The value, unless it is at fault. In a list, nothing (null) stands in the place of one at fault: without
    /// it, the indices after it would be wrong.
    fn value(&mut self, value: &Parsed<'_>, path: &KeyPath, depth: usize) -> Option<Node> {
        let bytes = bytes_of(value);
        if matches!(value, Parsed::Object(_) | Parsed::Array(_)) {
            self.note_cut(bytes.clone(), path);
        }
        if depth > MAX_DEPTH {
            let problem = Problem::new(self.origin(bytes), path.clone(), What::too_deep(MAX_DEPTH));
            self.problems.push(problem);
            return None;
        }
        let read = match value {
            Parsed::Object(object) => Value::Table(self.table(object, path, depth)),
            Parsed::Array(array) => {
                let nodes = array.elements.iter().enumerate().map(|(index, value)| {
                    let node = self.value(value, &path.index(index), depth + 1);
                    node.unwrap_or_else(|| Node::new(Value::Null, self.origin(bytes_of(value))))
                });
                Value::List(nodes.collect())
            }
            Parsed::StringLit(text) => {
                let written = &self.text.as_str()[bytes.clone()];
                if let Some(place) = written.find(|c: char| c < ' ') {
                    let place = bytes.start + place;
                    let message =
                        "a text ends with its line; a new line in it is `\\n`, a tab `\\t`";
                    self.refuse(place..place + 1, path.clone(), message);
                    return None;
                }
                Value::Text(text.value.clone().into_owned())
            }
            Parsed::BooleanLit(value) => Value::Bool(value.value),
            Parsed::NullKeyword(_) => Value::Null,
            Parsed::NumberLit(number) => match read_number(number.value) {
                Ok(value) => value,
                Err(message) => {
                    self.refuse(bytes, path.clone(), &message);
                    return None;
                }
            },
        };
        Some(Node::new(read, self.origin(bytes)))
    }
}

fn read_number(written: &str) -> Result<Value, String> {
    match written.contains(['.', 'e', 'E']) {
        true => number::float(written).map(Value::Float),
        false => number::integer(written, 10).map(Value::Integer),
    }
}

#[cfg(test)]
mod tests;
