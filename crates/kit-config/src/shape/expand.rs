//! From a JSON Schema to the alternatives of what a value can be.

use serde_json::{Map, Value};

use super::kind::{Field, FloatKind, IntegerKind, Kind, ListKind, Rest, TableKind, TextKind};

/// How many references may lead to one another before they are taken for a circle.
const REFERENCES: usize = 32;

/// How many alternatives are kept apart: several flattened enums multiply theirs.
const ALTERNATIVES: usize = 256;

/// The alternatives of what a value of this schema can be. `$ref`, `allOf` and the keywords that stand
/// next to them hold together; `anyOf` and `oneOf` give alternatives.
pub(super) fn expand<'a>(root: &'a Value, schema: &'a Value) -> Vec<Kind<'a>> {
    expand_to(root, schema, REFERENCES)
}

fn expand_to<'a>(root: &'a Value, schema: &'a Value, depth: usize) -> Vec<Kind<'a>> {
    let Some(map) = schema.as_object() else {
        return match schema {
            Value::Bool(false) => Vec::new(),
            _ => vec![Kind::Any],
        };
    };
    let Some(depth) = depth.checked_sub(1) else {
        return vec![Kind::Any];
    };
    let mut kinds = own_kinds(map);
    if let Some(target) = target(root, map) {
        kinds = product(&kinds, &expand_to(root, target, depth));
    }
    for part in list(map, "allOf") {
        kinds = product(&kinds, &expand_to(root, part, depth));
    }
    for keyword in ["anyOf", "oneOf"] {
        let alternatives = list(map, keyword);
        if !alternatives.is_empty() {
            let expanded = alternatives
                .iter()
                .flat_map(|part| expand_to(root, part, depth));
            kinds = product(&kinds, &expanded.collect::<Vec<_>>());
        }
    }
    kinds
}

/// What `$ref` refers to.
pub(super) fn target<'a>(root: &'a Value, map: &'a Map<String, Value>) -> Option<&'a Value> {
    let path = map.get("$ref")?.as_str()?.strip_prefix('#')?;
    root.pointer(path)
}

pub(super) fn list<'a>(map: &'a Map<String, Value>, keyword: &str) -> &'a [Value] {
    map.get(keyword)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Each of these with each of those. Where no two agree the first ones stay, so that a schema that Kit
/// misreads still says something.
pub(super) fn product<'a>(these: &[Kind<'a>], those: &[Kind<'a>]) -> Vec<Kind<'a>> {
    let both = these
        .iter()
        .flat_map(|this| those.iter().filter_map(|that| this.both(that)));
    let kinds: Vec<_> = both.take(ALTERNATIVES).collect();
    if kinds.is_empty() {
        return these.to_vec();
    }
    kinds
}

/// The alternatives of the keywords of this schema itself.
fn own_kinds<'a>(map: &'a Map<String, Value>) -> Vec<Kind<'a>> {
    let types: Vec<&str> = match map.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => implied_types(map),
    };
    if types.is_empty() {
        return vec![Kind::Any];
    }
    let kind = |name: &str| match name {
        "null" => Kind::Null,
        "boolean" => Kind::Bool,
        "integer" => Kind::Integer(integer(map)),
        "number" => Kind::Float(float(map)),
        "string" => Kind::Text(text(map)),
        "array" => Kind::List(items(map)),
        "object" => Kind::Table(table(map)),
        _ => Kind::Any,
    };
    types.into_iter().map(kind).collect()
}

/// The type that keywords speak of where none is named.
fn implied_types(map: &Map<String, Value>) -> Vec<&'static str> {
    let is_object = ["properties", "additionalProperties", "required"]
        .iter()
        .any(|keyword| map.contains_key(*keyword));
    let is_array = map.contains_key("items") || map.contains_key("prefixItems");
    let is_text = map.get("const").is_some_and(Value::is_string)
        || (!list(map, "enum").is_empty() && list(map, "enum").iter().all(Value::is_string));
    match (is_object, is_array, is_text) {
        (true, _, _) => vec!["object"],
        (_, true, _) => vec!["array"],
        (_, _, true) => vec!["string"],
        _ => Vec::new(),
    }
}

fn whole(map: &Map<String, Value>, keyword: &str) -> Option<i128> {
    let number = map.get(keyword)?;
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| {
            let number = number.as_f64()?;
            (number.fract() == 0.0 && number.abs() < 1e18).then_some(number as i128)
        })
}

/// The limits that are written, and those of the format: `uint64` has no maximum of its type in the schema.
fn integer(map: &Map<String, Value>) -> IntegerKind {
    let of_format = match map.get("format").and_then(Value::as_str) {
        Some("int8") => (Some(i8::MIN.into()), Some(i8::MAX.into())),
        Some("int16") => (Some(i16::MIN.into()), Some(i16::MAX.into())),
        Some("int32") => (Some(i32::MIN.into()), Some(i32::MAX.into())),
        Some("int64" | "int") => (Some(i64::MIN.into()), Some(i64::MAX.into())),
        Some("uint8") => (Some(0), Some(u8::MAX.into())),
        Some("uint16") => (Some(0), Some(u16::MAX.into())),
        Some("uint32") => (Some(0), Some(u32::MAX.into())),
        Some("uint64" | "uint") => (Some(0), Some(u64::MAX.into())),
        Some("uint128") => (Some(0), None),
        _ => (None, None),
    };
    let above = whole(map, "exclusiveMinimum").map(|limit| limit + 1);
    let below = whole(map, "exclusiveMaximum").map(|limit| limit - 1);
    IntegerKind {
        min: whole(map, "minimum").max(above).max(of_format.0),
        max: [whole(map, "maximum"), below, of_format.1]
            .into_iter()
            .flatten()
            .min(),
    }
}

fn float(map: &Map<String, Value>) -> FloatKind {
    let limit = |keyword: &str| map.get(keyword).and_then(Value::as_f64);
    FloatKind {
        min: limit("minimum").or_else(|| limit("exclusiveMinimum")),
        max: limit("maximum").or_else(|| limit("exclusiveMaximum")),
        is_above_min: limit("exclusiveMinimum").is_some(),
        is_below_max: limit("exclusiveMaximum").is_some(),
    }
}

fn count(map: &Map<String, Value>, keyword: &str) -> Option<u64> {
    map.get(keyword).and_then(Value::as_u64)
}

fn text<'a>(map: &'a Map<String, Value>) -> TextKind<'a> {
    let word = |keyword: &str| map.get(keyword).and_then(Value::as_str);
    let texts = list(map, "enum").iter().filter_map(Value::as_str).collect();
    let one_of = match word("const") {
        Some(only) => Some(vec![only]),
        None => map.contains_key("enum").then_some(texts),
    };
    TextKind {
        format: word("format"),
        pattern: word("pattern"),
        min: count(map, "minLength"),
        max: count(map, "maxLength"),
        one_of,
    }
}

fn items<'a>(map: &'a Map<String, Value>) -> ListKind<'a> {
    ListKind {
        first: list(map, "prefixItems").iter().collect(),
        rest: map.get("items").filter(|rest| *rest != &Value::Bool(false)),
        min: count(map, "minItems"),
        max: count(map, "maxItems"),
    }
}

/// A table takes other keys only where the schema says so: an unknown key is a mistake also in a struct
/// that serde would let it pass for.
fn table<'a>(map: &'a Map<String, Value>) -> TableKind<'a> {
    let required: Vec<&str> = list(map, "required")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let properties = map.get("properties").and_then(Value::as_object);
    let fields = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| Field {
            name,
            schemas: vec![schema],
            is_required: required.contains(&name.as_str()),
        });
    let patterns = map.get("patternProperties").and_then(Value::as_object);
    let rest = ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .filter_map(|keyword| map.get(*keyword))
        .find(|rest| *rest != &Value::Bool(false))
        .or_else(|| patterns.and_then(|patterns| patterns.values().next()));
    TableKind {
        fields: fields.collect(),
        rest: rest.map_or(Rest::Nothing, Rest::Any),
        is_closed: map.get("additionalProperties") == Some(&Value::Bool(false)),
    }
}
