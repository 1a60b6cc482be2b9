//! Trees for tests, from JSON.

use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};

/// A tree as the file `config/orders.json` would hold it, whose values all stand on its first line.
pub(crate) fn tree(json: &str) -> Node {
    tree_in("config/orders.json", json)
}

pub(crate) fn tree_in(name: &str, json: &str) -> Node {
    let text = SourceText::new(name, json);
    let value = serde_json::from_str(json).expect("JSON");
    node(&value, &Origin::File(Span::new(&text, 0..1)))
}

pub(crate) fn node(value: &serde_json::Value, origin: &Origin) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i128() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().expect("a number")),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(list) => Value::List(list.iter().map(|value| node(value, origin)).collect()),
        Json::Object(map) => {
            let mut table = Table::default();
            for (key, value) in map {
                table.insert(Entry {
                    key: key.clone(),
                    origin: origin.clone(),
                    node: node(value, origin),
                });
            }
            Value::Table(table)
        }
    };
    Node::new(value, origin.clone())
}

/// The memory of the process at this place, read as a file; `unsafe` is not needed for it.
#[cfg(target_os = "linux")]
fn memory(place: *const u8, length: usize) -> Vec<u8> {
    use std::os::unix::fs::FileExt;

    let mut bytes = vec![0; length];
    let file = std::fs::File::open("/proc/self/mem").expect("the memory of the process");
    let read = file.read_exact_at(&mut bytes, place.addr() as u64);
    read.expect("mapped memory");
    bytes
}

/// Whether a value can be found after its drop. The allocator writes its own words into the first bytes.
#[cfg(target_os = "linux")]
pub(crate) fn has_remains(place: *const u8, value: &[u8]) -> bool {
    memory(place, value.len())[32..] == value[32..]
}
