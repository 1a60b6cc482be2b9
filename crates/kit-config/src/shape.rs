//! What settings can be: the JSON Schema of their type, as Kit reads it.

use schemars::JsonSchema;
use serde_json::Value;

mod expand;
mod expects;
mod kind;
mod nearest;
mod place;
mod variant;

pub(crate) use expects::one_of;
pub(crate) use kind::{Field, Kind, ListKind, Rest, TextKind};
pub(crate) use nearest::{is_same_name, nearest};
pub(crate) use place::Place;
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

    /// The names of the settings that are secret; where those in lists and maps have none, usual ones.
    pub(crate) fn secret_names(&self) -> Vec<String> {
        let keys = self.keys();
        let secret = keys.iter().filter(|(_, place)| place.is_secret());
        let names = secret.filter_map(|(key, _)| match key.steps().last() {
            Some(Step::Key(name)) => Some(name.clone()),
            Some(Step::Index(_)) | None => None,
        });
        let mut names: Vec<String> = names.collect();
        if self.has_secrets() {
            names.extend(["password", "secret", "token"].map(str::to_owned));
        }
        names
    }

    /// Whether a secret is among the settings, at any depth.
    fn has_secrets(&self) -> bool {
        has_secret_mark(&self.schema)
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
