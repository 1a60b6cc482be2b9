//! The JSON Schema of the settings, for editors.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::reference;
use crate::secret::{MASK, SCHEMA_KEYWORD};
use crate::shape::{Place, Shape};
use crate::tree::key::Step;

/// How deep schemas stand in each other; a schema does not contain itself, except by `$ref`.
const DEPTH: usize = 64;

/// The JSON Schema (draft 2020-12) in the form that editors need:
///
/// - keys that are not known are wrong, as they are when the settings are loaded;
/// - a number or a truth value can also be a text with a reference, such as `"${PORT}"`;
/// - a key's old name is there, deprecated;
/// - no default shows a secret, or the mask in its place, and defaults are written as a file holds them.
pub(crate) fn schema(shape: &Shape, title: &str) -> String {
    let mut schema = shape.schema().clone();
    let mut adapting = Adapting {
        root: shape.schema().clone(),
        ..Adapting::default()
    };
    find_parts(&schema, DEPTH, &mut adapting.parts);
    adapting.adapt(&mut schema, DEPTH);
    let old = adapting.old;
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), title.into());
        for (path, target) in old {
            insert_old(root, &path, target);
        }
        root.entry("$schema")
            .or_insert_with(|| "https://json-schema.org/draft/2020-12/schema".into());
    }
    format!("{schema:#}\n")
}

#[derive(Default)]
struct Adapting {
    /// The whole as it was, to which references lead.
    root: Value,
    /// The names of schemas that are parts of others: beside their keys there are those of the whole.
    parts: BTreeSet<String>,
    /// The old names that count from the root.
    old: Vec<(String, Value)>,
}

impl Adapting {
    /// Adapts a schema and those in it, the inner ones first. A part of another schema stays open for the keys
    /// that stand beside it.
    fn adapt(&mut self, schema: &mut Value, depth: usize) {
        let (Some(map), Some(depth)) = (schema.as_object_mut(), depth.checked_sub(1)) else {
            return;
        };
        for word in ["properties", "patternProperties", "$defs"] {
            let inner = map.get_mut(word).and_then(Value::as_object_mut);
            for (name, inner) in inner.into_iter().flatten() {
                self.adapt(inner, depth);
                if word == "$defs" && self.parts.contains(name) {
                    open(inner);
                }
            }
        }
        for word in ["items", "additionalProperties"] {
            if let Some(inner) = map.get_mut(word) {
                self.adapt(inner, depth);
            }
        }
        let is_whole = map.contains_key("properties") || map.contains_key("allOf");
        for word in ["allOf", "anyOf", "oneOf", "prefixItems"] {
            let inner = map.get_mut(word).and_then(Value::as_array_mut);
            for inner in inner.into_iter().flatten() {
                self.adapt(inner, depth);
                if is_whole && word != "prefixItems" {
                    open(inner);
                }
            }
        }
        close(map);
        allow_reference(map);
        add_old_names(map, &mut self.old);
        let is_shown = map.get("default").is_some_and(|default| {
            let own = Value::Object(map.clone());
            has_secret(default, Some(&Place::of(&self.root, &own)))
        });
        let is_secret = map.get(SCHEMA_KEYWORD) == Some(&Value::Bool(true));
        match map.get_mut("default") {
            Some(default) if is_secret || is_shown || has_mask(default) => {
                map.remove("default");
            }
            Some(default) => escape(default),
            None => {}
        }
    }
}

/// Whether a default has a secret in it, by the places of its parts. A part without a place could be one.
fn has_secret(default: &Value, place: Option<&Place<'_>>) -> bool {
    let child = |step: Step| place.and_then(|place| place.child(&step));
    let is_empty = default.is_null() || default == "";
    let is_url = place.is_some_and(Place::is_url);
    let has_user = is_url && default.as_str().is_some_and(|text| text.contains('@'));
    if has_user || (!is_empty && place.is_none_or(Place::is_secret)) {
        return true;
    }
    match default {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .any(|(index, inner)| has_secret(inner, child(Step::Index(index)).as_ref())),
        Value::Object(map) => map
            .iter()
            .any(|(name, inner)| has_secret(inner, child(Step::Key(name.clone())).as_ref())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Finds the schemas by reference that are parts of others: so is a flattened struct.
fn find_parts(schema: &Value, depth: usize, parts: &mut BTreeSet<String>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") || map.contains_key("allOf") {
                let listed = ["allOf", "anyOf", "oneOf"]
                    .iter()
                    .filter_map(|word| map.get(*word));
                let listed = listed.filter_map(Value::as_array).flatten();
                let targets = listed
                    .filter_map(|part| part.get("$ref"))
                    .chain(map.get("$ref"));
                let names = targets.filter_map(Value::as_str);
                parts.extend(
                    names.filter_map(|path| Some(path.strip_prefix("#/$defs/")?.to_owned())),
                );
            }
            map.values()
                .for_each(|inner| find_parts(inner, depth, parts));
        }
        Value::Array(list) => list
            .iter()
            .for_each(|inner| find_parts(inner, depth, parts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes away that there are no other keys, also from the alternatives.
fn open(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    for word in ["additionalProperties", "unevaluatedProperties"] {
        if map.get(word) == Some(&Value::Bool(false)) {
            map.remove(word);
        }
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        let parts = map.get_mut(word).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(open);
    }
}

/// No other keys, where the schema says nothing of them.
fn close(map: &mut Map<String, Value>) {
    let is_combined = ["$ref", "allOf", "anyOf", "oneOf"]
        .iter()
        .any(|word| map.contains_key(*word));
    let says = [
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
    ]
    .iter()
    .any(|word| map.contains_key(*word));
    if (map.contains_key("properties") || map.contains_key("allOf")) && !says {
        let word = if is_combined {
            "unevaluatedProperties"
        } else {
            "additionalProperties"
        };
        map.insert(word.to_owned(), false.into());
    }
}

/// `pattern` speaks of texts only.
fn allow_reference(map: &mut Map<String, Value>) {
    let kinds = ["integer", "number", "boolean"];
    let is_scalar = |kind: &Value| kind.as_str().is_some_and(|kind| kinds.contains(&kind));
    let types = match map.get("type") {
        Some(kind) if is_scalar(kind) => vec![kind.clone()],
        Some(Value::Array(all)) if all.iter().all(|kind| is_scalar(kind) || kind == "null") => {
            all.clone()
        }
        _ => return,
    };
    if map.contains_key("enum") || map.contains_key("const") {
        return;
    }
    let types = types.into_iter().chain(["string".into()]).collect();
    map.insert("type".to_owned(), Value::Array(types));
    map.insert("pattern".to_owned(), r"\$\{".into());
}

fn add_old_names(map: &mut Map<String, Value>, from_root: &mut Vec<(String, Value)>) {
    let properties = map.get("properties").and_then(Value::as_object);
    let mut beside = Vec::new();
    for (name, schema) in properties.into_iter().flatten() {
        let names = match schema.get("was") {
            Some(Value::Array(names)) => names.clone(),
            Some(name) => vec![name.clone()],
            None => continue,
        };
        let mut old = schema.clone();
        if let Some(old) = old.as_object_mut() {
            old.remove("was");
            old.remove("default");
            old.insert("deprecated".to_owned(), true.into());
            old.insert(
                "description".to_owned(),
                format!("Is called `{name}` now.").into(),
            );
        }
        for was in names.iter().filter_map(Value::as_str) {
            match was.strip_prefix('/') {
                Some(path) => from_root.push((path.to_owned(), old.clone())),
                None => beside.push((was.to_owned(), old.clone())),
            }
        }
    }
    for (path, old) in beside {
        insert_old(map, &path, old);
    }
}

/// Puts a schema under a dotted key, with the tables on the way to it. Where a schema by reference is on the
/// way, which other places may share, the old name is left out.
fn insert_old(map: &mut Map<String, Value>, path: &str, schema: Value) {
    let properties = map.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else {
        return;
    };
    match path.split_once('.') {
        None => {
            properties.entry(path).or_insert(schema);
        }
        Some((first, rest)) => {
            let inner = properties.entry(first).or_insert_with(
                || json!({"type": "object", "additionalProperties": false, "deprecated": true}),
            );
            if let Some(inner) = inner
                .as_object_mut()
                .filter(|map| !map.contains_key("$ref"))
            {
                insert_old(inner, rest, schema);
            }
        }
    }
}

fn has_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(list) => list.iter().any(has_mask),
        Value::Object(map) => map.values().any(has_mask),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn escape(value: &mut Value) {
    match value {
        Value::String(text) => *text = reference::escape(text),
        Value::Array(list) => list.iter_mut().for_each(escape),
        Value::Object(map) => map.values_mut().for_each(escape),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
