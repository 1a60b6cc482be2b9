//! What an unknown key may have meant.

use crate::shape::{Shape, is_same_name, nearest};
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
    secrets: Vec<String>,
}

impl Hints {
    pub(super) fn of(shape: &Shape) -> Hints {
        Hints {
            keys: shape.keys().into_iter().map(|(key, _)| key).collect(),
            secrets: shape.names().secret,
        }
    }

    /// Whether the value of an unknown key may be a secret: its name is like that of one, or there are
    /// secrets and it is like no other name either. A table or a list is judged by the place that was meant;
    /// without one there may be secrets in it.
    pub(super) fn may_be_secret(&self, name: &str, node: &Node, meant: Option<&Meant<'_>>) -> bool {
        let secrets = self.secrets.iter().map(String::as_str);
        let has_parts = matches!(node.value, Value::List(_) | Value::Table(_));
        let is_unlike = meant.is_none_or(|meant| has_parts && meant.here.is_none());
        self.has_secrets() && (is_unlike || nearest(name, secrets).is_some())
    }

    /// Whether there are secrets among the settings.
    pub(super) fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }
}
