//! What an unknown key may have meant.

use crate::shape::{SettingNames, Shape, is_same_name, nearest};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Node, Value};

/// How many places are named in which a key is known.
const PLACES: usize = 2;

/// What an unknown key may have meant.
pub(super) struct Meant<'k> {
    /// The full key, or two of them with the text between them.
    pub(super) keys: String,
    /// The key of the same table, if it is one.
    pub(super) here: Option<&'k str>,
}

/// The nearest key of the same table; else the one that is written into a single name with dots; else
/// those where the same name is known.
pub(super) fn meant<'k>(
    shape: &Shape,
    hints: &Hints,
    table: &KeyPath,
    name: &str,
    known: &[&'k str],
) -> Option<Meant<'k>> {
    if let Some(nearest) = nearest(name, known.iter().copied()) {
        return Some(Meant {
            keys: table.key(nearest).to_string(),
            here: Some(nearest),
        });
    }
    elsewhere(shape, hints, table, name).map(|keys| Meant { keys, here: None })
}

fn elsewhere(shape: &Shape, hints: &Hints, table: &KeyPath, name: &str) -> Option<String> {
    let dotted = name.split('.').map(|part| Step::Key(part.to_owned()));
    let dotted: KeyPath = table.steps().iter().cloned().chain(dotted).collect();
    if name.contains('.') && shape.at(&dotted).is_some() {
        return Some(dotted.to_string());
    }
    let is_same = |key: &KeyPath| match key.steps().last() {
        Some(Step::Key(last)) => is_same_name(last, name),
        Some(Step::Index(_)) | None => false,
    };
    let same = hints.keys.iter().filter(|key| is_same(key));
    let mut same: Vec<_> = same.collect();
    same.sort_by_key(|key| key.steps().len());
    let places: Vec<String> = same.iter().take(PLACES).map(ToString::to_string).collect();
    (!places.is_empty()).then(|| places.join("` or `"))
}

/// The names that a misspelt key may have meant.
pub(super) struct Hints {
    keys: Vec<KeyPath>,
    names: SettingNames,
}

impl Hints {
    pub(super) fn of(shape: &Shape) -> Hints {
        Hints {
            keys: shape.keys().into_iter().map(|(key, _)| key).collect(),
            names: shape.names(),
        }
    }

    /// Hides what may be a secret in the value of an unknown key. A name like that of a secret hides all of it. Else
    /// a text may be one, and a number where a secret is a number, unless the name is like that of a plain
    /// setting. In a table each name is judged for itself; one that was meant for another (`meant`) is judged
    /// by the place of that one.
    pub(super) fn hide(&self, name: &str, node: &Node, meant: Option<&Meant<'_>>) {
        if !self.has_secrets() {
            return;
        }
        let is_known = || {
            let mut plain = self.names.plain.iter();
            meant.is_some() || plain.any(|plain| is_same_name(plain, name))
        };
        match &node.value {
            _ if self.is_like_secret(name) => node.hide(),
            Value::List(_) | Value::Table(_) if meant.is_some_and(|meant| meant.here.is_some()) => {
            }
            Value::List(list) => list.iter().for_each(|node| self.hide(name, node, None)),
            Value::Table(table) => {
                for entry in table.iter() {
                    self.hide(&entry.key, &entry.node, None);
                }
            }
            Value::Null | Value::Bool(_) => {}
            Value::Integer(_) | Value::Float(_) if !self.names.has_numbers => {}
            Value::Integer(_) | Value::Float(_) | Value::Text(_) if is_known() => {}
            Value::Integer(_) | Value::Float(_) | Value::Text(_) => node.hide(),
        }
    }

    fn is_like_secret(&self, name: &str) -> bool {
        let secrets = self.names.secret.iter().map(String::as_str);
        nearest(name, secrets).is_some()
    }

    /// Whether there are secrets among the settings.
    pub(super) fn has_secrets(&self) -> bool {
        !self.names.secret.is_empty()
    }
}
