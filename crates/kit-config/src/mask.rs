//! What may be shown of a value: one rule for pages, messages, flags and the log.

use crate::secret::MASK;
use crate::shape::{Place, holds_secrets, holds_urls};
use crate::tree::key::Step;
use crate::tree::node::{Entry, Node, Table, Value};
use crate::tree::text::Span;
use userinfo::{has_login, userinfo};

mod texts;
mod userinfo;

pub(crate) use texts::HiddenTexts;

/// Whether `***` stands in the place of the value: its setting is secret, or a reference brought it from a
/// secret or a file. An empty text stays, as it hides nothing and says that the secret is not set.
pub(crate) fn is_masked(node: &Node, is_secret: bool) -> bool {
    let is_empty = match &node.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    };
    !is_empty && (is_secret || node.origin.is_hidden())
}

/// Whether a value is hidden where it was written, for another place of the tree: an alias in YAML carries a secret.
pub(crate) fn is_written_hidden(node: &Node) -> bool {
    node.origin.span().is_some_and(Span::is_hidden)
}

/// A URL with `***` for its user and password. An `@` behind the host hides more than it has to.
pub(crate) fn url(text: &str) -> String {
    match userinfo(text) {
        Some(bytes) => format!("{}{MASK}{}", &text[..bytes.start], &text[bytes.end..]),
        None => text.to_owned(),
    }
}

/// Whether it is a URL with a user, and perhaps a password, or a password in its place; a reference may have brought it
/// from one.
pub(crate) fn has_userinfo(node: &Node, place: Option<&Place<'_>>) -> bool {
    let is_url = node.origin.is_url() || place.is_some_and(Place::is_url);
    is_url && node.as_text().is_some_and(has_login)
}

/// Hides each text with a login in a value that stands in the place of a URL, or of a list or a map of them; `false` if
/// there is none.
pub(crate) fn hide_userinfo(node: &Node, place: &Place<'_>) -> bool {
    holds_login(node) && holds_urls(place) && {
        hide_logins(node);
        true
    }
}

fn holds_login(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => has_login(text),
        Value::List(list) => list.iter().any(holds_login),
        Value::Table(table) => {
            let mut entries = table.iter();
            entries.any(|entry| entry.key.contains('@') || holds_login(&entry.node))
        }
        _ => false,
    }
}

fn hide_logins(node: &Node) {
    match &node.value {
        Value::Text(text) if has_login(text) => node.hide(),
        Value::List(list) => list.iter().for_each(hide_logins),
        Value::Table(table) => {
            for entry in table.iter() {
                if entry.key.contains('@') {
                    entry.origin.span().into_iter().for_each(Span::hide);
                }
                hide_logins(&entry.node);
            }
        }
        _ => {}
    }
}

/// The mistake in a value that was copied from a page, with the mask in it. A plain setting may well be
/// such a text.
pub(crate) fn pasted(node: &Node, place: &Place<'_>) -> Option<String> {
    let text = node.as_text()?;
    if place.is_secret() && text == MASK {
        return Some(format!(
            "`{MASK}` only stands for the secret where settings are shown; it has to be the secret itself"
        ));
    }
    let has_mask = text == MASK || text.contains(&format!("{MASK}@"));
    let message = "only stands for the user and the password where settings are shown; the URL has to \
                   have both, or neither";
    (place.is_url() && has_mask).then(|| format!("`{MASK}` {message}"))
}

/// The tree with `***` in the place of each hidden value; what the shape does not know could be a secret.
pub(crate) fn masked(node: &Node, place: Option<&Place<'_>>) -> Node {
    let child = |step: Step| place.and_then(|place| place.child(&step));
    let value = match &node.value {
        _ if is_masked(node, place.is_none_or(Place::is_secret)) => Value::Text(MASK.to_owned()),
        Value::List(list) => {
            let inner = list.iter().enumerate();
            let inner = inner.map(|(index, node)| masked(node, child(Step::Index(index)).as_ref()));
            Value::List(inner.collect())
        }
        Value::Table(table) => {
            let mut shown = Table::default();
            for entry in table.iter() {
                let place = child(Step::Key(entry.key.clone()));
                shown.insert(Entry {
                    key: entry.key.clone(),
                    origin: entry.origin.clone(),
                    node: masked(&entry.node, place.as_ref()),
                });
            }
            Value::Table(shown)
        }
        Value::Text(text) if has_userinfo(node, place) => Value::Text(url(text)),
        Value::Null => Value::Null,
        _ if is_written_hidden(node) => Value::Text(MASK.to_owned()),
        plain => plain.clone(),
    };
    Node::new(value, node.origin.clone())
}

/// Keeps each hidden value from being shown with the line that it was written in. A value without parts that
/// stands in the place of a table or a list with secrets may be one of them.
pub(crate) fn hide(node: &Node, place: Option<&Place<'_>>) {
    let child = |step: Step| place.and_then(|place| place.child(&step));
    match &node.value {
        _ if node.origin.is_hidden() || place.is_none_or(Place::is_secret) => node.hide(),
        Value::List(list) => {
            for (index, node) in list.iter().enumerate() {
                hide(node, child(Step::Index(index)).as_ref());
            }
        }
        Value::Table(table) => {
            for entry in table.iter() {
                hide(&entry.node, child(Step::Key(entry.key.clone())).as_ref());
            }
        }
        _ if place.is_none_or(|place| holds_secrets(place) || has_userinfo(node, Some(place))) => {
            node.hide();
        }
        _ => {}
    }
}
