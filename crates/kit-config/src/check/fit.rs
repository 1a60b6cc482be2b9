//! What fits to a place: keys, names, and values without parts.

use crate::shape::{Kind, Place, Rest, TextKind};
use crate::tree::node::Table;
use crate::tree::node::Value;

/// All keys that these variants know.
pub(super) fn known_keys<'a>(kinds: &[&Kind<'a>]) -> Vec<&'a str> {
    let tables = kinds.iter().filter_map(|kind| kind.as_table());
    tables
        .flat_map(|table| &table.fields)
        .map(|field| field.name)
        .collect()
}

/// Those of the variants that know most of the table's keys.
pub(super) fn likeliest<'k, 'a>(variants: &[&'k Kind<'a>], table: &Table) -> Vec<&'k Kind<'a>> {
    let unknown = |kind: &Kind<'_>| {
        let known = kind.as_table();
        let is_unknown = |name: &str| {
            known.is_none_or(|known| {
                known.field(name).is_none() && matches!(known.rest, Rest::Nothing)
            })
        };
        table.iter().filter(|entry| is_unknown(&entry.key)).count()
    };
    let least = variants.iter().map(|kind| unknown(kind)).min();
    let likely = variants.iter().filter(|kind| Some(unknown(kind)) == least);
    likely.copied().collect()
}

/// Whether all variants know this key.
pub(super) fn is_of_all(kinds: &[&Kind<'_>], key: &str) -> bool {
    let mut tables = kinds.iter().filter_map(|kind| kind.as_table());
    tables.all(|table| table.field(key).is_some())
}

/// The only texts that are taken here, if there are such.
pub(super) fn names<'a>(place: &Place<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for kind in place.kinds() {
        match kind {
            Kind::Text(TextKind {
                one_of: Some(some), ..
            }) => names.extend(some),
            _ => names.extend(kind.variant_key()),
        }
    }
    names
}

/// Whether a value that has no parts can stand here.
pub(super) fn takes(place: &Place<'_>, value: &Value) -> bool {
    place.kinds().iter().any(|kind| accepts(kind, value))
}

/// Whether a value that has no parts is of this kind.
pub(super) fn accepts(kind: &Kind<'_>, value: &Value) -> bool {
    let is_within = |length: usize, min: Option<u64>, max: Option<u64>| {
        let length = length as u64;
        min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max)
    };
    match (kind, value) {
        (Kind::Any, _) | (Kind::Null, Value::Null) | (Kind::Bool, Value::Bool(_)) => true,
        (Kind::Integer(limits), Value::Integer(number)) => {
            limits.min.is_none_or(|min| *number >= min)
                && limits.max.is_none_or(|max| *number <= max)
        }
        (Kind::Float(limits), Value::Integer(number)) => limits.is_allowed(*number as f64),
        (Kind::Float(limits), Value::Float(number)) => limits.is_allowed(*number),
        (Kind::Text(limits), Value::Text(text)) => match &limits.one_of {
            Some(some) => some.contains(&text.as_str()),
            None => is_within(text.chars().count(), limits.min, limits.max),
        },
        _ => false,
    }
}
