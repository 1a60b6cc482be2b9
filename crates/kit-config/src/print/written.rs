//! Values as TOML writes them, on one line each.

use std::fmt::Write;

use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// A key, in quotes if it has to be.
pub(super) fn key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) {
        return key.to_owned();
    }
    text(key)
}

/// The keys of a table's header.
pub(super) fn header(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|name| key(name)).collect();
    keys.join(".")
}

pub(super) fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                // To a `String`, which takes all.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A value on one line; `None` for null, which TOML has no word for, and which is left out of lists and
/// tables.
pub(crate) fn inline(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) if value.is_nan() => "nan".to_owned(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(value) => text(value),
        Value::List(list) => {
            let values: Vec<String> = list.iter().filter_map(|node| inline(&node.value)).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(table) => {
            let entries = table.iter().filter_map(|entry| {
                let value = inline(&entry.node.value)?;
                Some(format!("{} = {value}", key(&entry.key)))
            });
            braces(&entries.collect::<Vec<_>>())
        }
    })
}

pub(super) fn braces(entries: &[String]) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", entries.join(", "))
}

/// Whether it is written as one or several tables with headers.
pub(super) fn has_headers(node: &Node) -> bool {
    match &node.value {
        Value::Table(_) => true,
        Value::List(list) => !list.is_empty() && list.iter().all(|node| node.as_table().is_some()),
        _ => false,
    }
}

/// The value with its texts as a file holds them, where `${` begins a reference.
pub(super) fn escaped(node: &Node) -> Node {
    let mut node = node.clone();
    match &mut node.value {
        Value::Text(text) => *text = crate::reference::escape(text),
        Value::List(list) => list.iter_mut().for_each(|inner| *inner = escaped(inner)),
        Value::Table(table) => {
            for entry in table.iter_mut() {
                entry.node = escaped(&entry.node);
            }
        }
        _ => {}
    }
    node
}

/// A comment's text, in which names of files and variables cannot end the line.
pub(super) fn comment(origin: &Origin) -> String {
    let origin = origin.to_string();
    let visible = origin
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    visible.collect()
}
