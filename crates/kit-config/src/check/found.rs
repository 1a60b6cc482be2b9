//! A value, as a message shows it.

use crate::tree::node::{Node, Value};

/// How many characters of a text are shown.
const SHOWN: usize = 60;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// The value as a message shows it; masked if it is secret.
pub(crate) fn found(node: &Node, is_secret: bool) -> String {
    match &node.value {
        Value::List(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Null => "nothing (null)".to_owned(),
        _ if is_secret => MASK.to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return format!("{text:?}");
    }
    let begin: String = text.chars().take(SHOWN).collect();
    format!("{:?}", begin + "…")
}
