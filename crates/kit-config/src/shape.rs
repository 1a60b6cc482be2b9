//! What settings can be: the JSON Schema of their type, as Kit reads it.

use schemars::JsonSchema;
use serde_json::Value;

mod expand;
mod expects;
mod kind;
mod nearest;
mod place;
mod secrets;
mod variant;

pub(crate) use expects::one_of;
pub(crate) use kind::{Field, Kind, ListKind, Rest, TextKind};
pub(crate) use nearest::{is_same_name, nearest};
pub(crate) use place::Place;
pub(crate) use secrets::{SettingNames, holds_secrets, holds_urls};
pub(crate) use variant::{Tagged, by_tag, is_of_variant, names, tags};

use crate::tree::key::{KeyPath, Step};

/// How deep the keys of settings are listed; a type that contains itself has no end.
const DEPTH: usize = 16;

/// What settings can be: the JSON Schema of their type, as Kit reads it.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    schema: Value,
}

impl Shape {
    /// The shape that values of this type are read from.
    pub(crate) fn of<T: JsonSchema>() -> Shape {
        let schema = schemars::schema_for!(T);
        Shape::from_schema(schema.to_value())
    }

    pub(crate) fn from_schema(schema: Value) -> Shape {
        Shape { schema }
    }

    /// The JSON Schema itself.
    pub(crate) fn schema(&self) -> &Value {
        &self.schema
    }

    /// The place of the whole tree.
    pub(crate) fn root(&self) -> Place<'_> {
        Place::root(&self.schema)
    }

    /// The place under this key; `None` if nothing can be there.
    pub(crate) fn at(&self, key: &KeyPath) -> Option<Place<'_>> {
        key.steps()
            .iter()
            .try_fold(self.root(), |place, step| place.child(step))
    }

    /// Each key below the root with its place, tables before their keys, in the order of the schema. The
    /// insides of lists and of tables that take any key are left out, and so are those of a type that
    /// contains itself, from the second time on.
    pub(crate) fn keys(&self) -> Vec<(KeyPath, Place<'_>)> {
        let mut found = Vec::new();
        list_keys(&KeyPath::root(), &[self.root()], &mut found);
        found
    }

    /// The names of all settings, those in lists and maps among them. With a secret that has no name there are
    /// usual ones.
    pub(crate) fn names(&self) -> SettingNames {
        let mut names = SettingNames::below(self.root());
        if names.has_secrets() || has_secret_mark(&self.schema) {
            let usual = ["password", "secret", "token"];
            names.secret.extend(usual.map(str::to_owned));
        }
        names
    }
}

fn list_keys<'a>(key: &KeyPath, outer: &[Place<'a>], found: &mut Vec<(KeyPath, Place<'a>)>) {
    let Some(place) = outer.last() else { return };
    for name in place.keys() {
        let Some(child) = place.child(&Step::Key(name.to_owned())) else {
            continue;
        };
        let key = key.key(name);
        found.push((key.clone(), child.clone()));
        let is_repeated = outer.iter().any(|place| place.is_same_table(&child));
        if !is_repeated && outer.len() < DEPTH {
            let mut inner = outer.to_vec();
            inner.push(child);
            list_keys(&key, &inner, found);
        }
    }
}

fn has_secret_mark(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            map.get(place::SECRET) == Some(&Value::Bool(true)) || map.values().any(has_secret_mark)
        }
        Value::Array(list) => list.iter().any(has_secret_mark),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests;
