//! Values that show how a setting without a default is written.

use crate::shape::{Kind, Place, Rest};
use crate::tree::key::Step;

use super::written;

/// How deep examples go.
const DEPTH: usize = 4;

/// A value that could stand here, as TOML writes it on one line: an example of the documentation, else the
/// least that the type allows.
pub(super) fn example(place: &Place<'_>) -> String {
    to_depth(place, DEPTH)
}

/// A value of this alternative.
pub(super) fn of_kind(place: &Place<'_>, kind: &Kind<'_>) -> String {
    kind_to_depth(place, kind, DEPTH)
}

fn to_depth(place: &Place<'_>, depth: usize) -> String {
    if let Some(example) = place.example().and_then(of_json) {
        return example;
    }
    let mut kinds = place.kinds().iter();
    match kinds.find(|kind| !matches!(kind, Kind::Null)) {
        Some(kind) => kind_to_depth(place, kind, depth),
        None => written::text(""),
    }
}

/// Texts and numbers are the first or least that is allowed. A list has one value, or as many as it has to have;
/// a table the keys that it needs, and one that takes any key has one called `name`. Below the depth they
/// are empty.
fn kind_to_depth(place: &Place<'_>, kind: &Kind<'_>, depth: usize) -> String {
    let inner = |step: Step| {
        let place = place.child(&step);
        let depth = depth.checked_sub(1);
        place
            .zip(depth)
            .map(|(place, depth)| to_depth(&place, depth))
    };
    match kind {
        Kind::Any | Kind::Null => written::text(""),
        Kind::Bool => "true".to_owned(),
        Kind::Integer(integer) => integer.min.or(integer.max).unwrap_or_default().to_string(),
        Kind::Float(float) => format!("{:?}", float.min.or(float.max).unwrap_or_default()),
        Kind::Text(text) => {
            let first = text.one_of.iter().flatten().next();
            written::text(first.copied().unwrap_or_default())
        }
        Kind::List(list) => {
            let count = list.first.len().max(usize::from(list.rest.is_some()));
            let values: Vec<_> = (0..count)
                .filter_map(|index| inner(Step::Index(index)))
                .collect();
            format!("[{}]", values.join(", "))
        }
        Kind::Table(table) => {
            let needed = table.fields.iter().filter(|field| field.is_required);
            let mut entries: Vec<_> = needed
                .filter_map(|field| {
                    let step = Step::Key(field.name.to_owned());
                    let place = place.among(&[kind], &step)?;
                    let value = to_depth(&place, depth.checked_sub(1)?);
                    Some(format!("{} = {value}", written::key(field.name)))
                })
                .collect();
            if entries.is_empty() && matches!(table.rest, Rest::Any(_)) {
                let value = inner(Step::Key("name".to_owned()));
                entries.extend(value.map(|value| format!("name = {value}")));
            }
            written::braces(&entries)
        }
    }
}

/// A value of a JSON Schema; `None` for null.
pub(super) fn of_json(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value as Json;

    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => written::text(&crate::reference::escape(text)),
        Json::Array(list) => {
            let values: Vec<_> = list.iter().filter_map(of_json).collect();
            format!("[{}]", values.join(", "))
        }
        Json::Object(map) => {
            let entries = map.iter().filter_map(|(key, value)| {
                Some(format!("{} = {}", written::key(key), of_json(value)?))
            });
            written::braces(&entries.collect::<Vec<_>>())
        }
    })
}
