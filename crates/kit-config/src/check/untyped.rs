//! Texts that mean what their setting's type makes of them: those of variables, flags and remote stores.

use crate::shape::{Kind, Place};
use crate::tree::node::{Node, Value};

/// What a text is as this kind of value, if it is one; lists and tables are not made here.
pub(super) fn scalar(kind: &Kind<'_>, text: &str) -> Option<Value> {
    let value = match kind {
        Kind::Any | Kind::Text(_) => Value::Text(text.to_owned()),
        Kind::Bool => Value::Bool(text.trim().parse().ok()?),
        Kind::Integer(_) => Value::Integer(digits(text)?.parse().ok()?),
        Kind::Float(_) => Value::Float(
            digits(text)?
                .parse()
                .ok()
                .filter(|number: &f64| !number.is_nan())?,
        ),
        Kind::Null | Kind::List(_) | Kind::Table(_) => return None,
    };
    Some(value)
}

/// An empty text leaves a setting unset that may be so, and that is no text: `ORDERS__LIMIT=`.
pub(super) fn is_unset(place: &Place<'_>, text: &str) -> bool {
    let has = |is: fn(&Kind<'_>) -> bool| place.kinds().iter().any(is);
    text.is_empty()
        && has(|kind| matches!(kind, Kind::Null))
        && !has(|kind| matches!(kind, Kind::Text(_) | Kind::Any))
}

/// The number, without the `_` between its digits.
fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let is_spaced = |(at, _)| {
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        is_digit(text[..at].chars().next_back()) && is_digit(text[at + 1..].chars().next())
    };
    text.match_indices('_')
        .all(is_spaced)
        .then(|| text.replace('_', ""))
}

/// The values of a list that is written as texts with commas between them.
pub(super) fn split(node: &Node, text: &str) -> Vec<Node> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let value = |part: &str| Node::new(Value::Text(part.trim().to_owned()), node.origin.clone());
    text.split(',').map(value).collect()
}
