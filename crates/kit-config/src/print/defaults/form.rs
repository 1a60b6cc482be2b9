//! How a place of the settings is written in the file of defaults.

use crate::shape::{Field, Kind, Place};
use crate::tree::key::Step;
use crate::tree::node::Table;
use crate::tree::node::{Node, Value};

use crate::print::written;

/// The values it takes, as sentences.
pub(super) fn facts(place: &Place<'_>) -> String {
    let expects = place.expects();
    let mut letters = expects.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let mut facts = first.unwrap_or_default() + letters.as_str();
    let is_number = |kind: &Kind<'_>| matches!(kind, Kind::Integer(_) | Kind::Float(_));
    if let Some(unit) = place.unit().filter(|_| place.kinds().iter().any(is_number)) {
        facts.push_str(&format!(", in {unit}"));
    }
    facts + "." + &marks(place)
}

pub(super) fn marks(place: &Place<'_>) -> String {
    let mut marks = String::new();
    if place.is_secret() {
        marks.push_str(" A secret.");
    }
    if place.is_live() {
        marks.push_str(" A reload can change it.");
    }
    marks
}

/// Whether it is written with a header.
pub(super) fn is_section(place: &Place<'_>, default: Option<&Node>) -> bool {
    match default {
        Some(node) if node.value != Value::Null => match &node.value {
            Value::List(list) if list.is_empty() => is_list_of_tables(place),
            _ => written::has_headers(node),
        },
        _ => {
            let tables = |kind: &Kind<'_>| matches!(kind, Kind::Table(_) | Kind::Null);
            (place.is_table() && place.kinds().iter().all(tables)) || is_list_of_tables(place)
        }
    }
}

fn is_list_of_tables(place: &Place<'_>) -> bool {
    let inner = place.child(&Step::Index(0)).filter(|_| place.is_list());
    inner.is_some_and(|inner| {
        inner
            .kinds()
            .iter()
            .all(|kind| matches!(kind, Kind::Table(_)))
    })
}

/// The alternative that the default has, the first one if there is no default. A variant of an enum is known
/// by the fixed text of its tag, or by its key.
pub(super) fn chosen_kind<'p, 'a>(
    place: &'p Place<'a>,
    default: Option<&Table>,
) -> Option<&'p Kind<'a>> {
    let fits = |kind: &&Kind<'a>| {
        let Kind::Table(table) = kind else {
            return false;
        };
        let Some(default) = default else { return true };
        table.fields.iter().all(|field| {
            let step = Step::Key(field.name.to_owned());
            let allowed = place.among(&[kind], &step);
            let is_allowed = |text: &str| {
                let mut kinds = allowed.iter().flat_map(Place::kinds);
                kinds.any(|kind| match kind {
                    Kind::Text(allowed) => allowed
                        .one_of
                        .as_ref()
                        .is_none_or(|all| all.contains(&text)),
                    _ => true,
                })
            };
            match default.get(field.name) {
                None => !field.is_required,
                Some(node) => node.as_text().is_none_or(is_allowed),
            }
        })
    };
    let mut tables = place
        .kinds()
        .iter()
        .filter(|kind| matches!(kind, Kind::Table(_)));
    place.kinds().iter().find(fits).or_else(|| tables.next())
}

pub(super) fn field<'k, 'a>(chosen: Option<&'k Kind<'a>>, key: &str) -> Option<&'k Field<'a>> {
    match chosen? {
        Kind::Table(table) => table.field(key),
        _ => None,
    }
}

/// The keys of the default in its order, then those that it leaves out.
pub(super) fn keys<'k>(chosen: Option<&Kind<'k>>, default: Option<&'k Table>) -> Vec<&'k str> {
    let mut keys: Vec<&str> = default
        .into_iter()
        .flat_map(Table::iter)
        .map(|entry| entry.key.as_str())
        .collect();
    if let Some(Kind::Table(table)) = chosen {
        for field in &table.fields {
            if !keys.contains(&field.name) {
                keys.push(field.name);
            }
        }
    }
    keys
}
