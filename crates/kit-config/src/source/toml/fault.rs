//! A mistake in a document of TOML.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue, Error};

use crate::problem::What;
use crate::source::layer::MAX_DEPTH;
use crate::tree::key::{KeyPath, Step};
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};

/// How many doubly written keys of a document get the place of their first: each costs a parse.
const MAX_FIRST_PLACES: usize = 20;

/// One mistake, by its place in the text.
pub(super) struct SyntaxFault {
    pub(super) bytes: Range<usize>,
    pub(super) key: KeyPath,
    pub(super) what: What,
}

/// The parser's errors as faults, in the order of the text.
pub(super) fn all(text: &Arc<SourceText>, errors: &[Error]) -> Vec<SyntaxFault> {
    let mut searches = MAX_FIRST_PLACES;
    let mut faults: Vec<SyntaxFault> = errors
        .iter()
        .map(|error| {
            let bytes = error.span().unwrap_or_default();
            if error.message() == "duplicate key" && searches > 0 {
                searches -= 1;
                if let Some((key, first)) = first_place(text.as_str(), &bytes) {
                    let first = Origin::File(Span::new(text, first));
                    let what = What::Duplicate { first };
                    return SyntaxFault { bytes, key, what };
                }
            }
            let message = said(error.message(), bytes.is_empty());
            SyntaxFault {
                bytes,
                key: KeyPath::root(),
                what: What::Syntax { message },
            }
        })
        .collect();
    faults.sort_by_key(|fault| fault.bytes.start);
    faults
}

/// What the parser says, without the words of its grammar.
fn said(message: &str, is_empty: bool) -> String {
    let known = match message {
        "duplicate key" => {
            "this key, or the table that it belongs to, is written elsewhere already"
        }
        "string values must be quoted, expected literal string" if is_empty => {
            "a value is missing here"
        }
        "string values must be quoted, expected literal string" => "a text has to stand in quotes",
        "cannot recurse further; max recursion depth met" | "recursion limit" => {
            return What::too_deep(MAX_DEPTH).to_string();
        }
        "key with no value, expected `=`" => "a key needs a value: `key = value`",
        "extra `=`, expected nothing" => "one `=` only stands between a key and its value",
        other => {
            let end = other
                .strip_prefix("cannot extend value of type ")
                .and_then(|rest| rest.strip_suffix(" with a dotted key"));
            return match end {
                Some(kind) => {
                    format!("this key is set to one {kind} already, which takes no further parts")
                }
                None => other.to_owned(),
            };
        }
    };
    known.to_owned()
}

/// The full key that is written at this place a second time, and where it is written first.
///
/// The parser says only where the second is. So that key gets a name which occurs nowhere, and the text
/// is parsed anew: the name lands in the table that the key belongs to, beside the first.
fn first_place(text: &str, second: &Range<usize>) -> Option<(KeyPath, Range<usize>)> {
    let written = text.get(second.clone())?;
    let alone = format!("{written} = 0");
    let alone = DeTable::parse(&alone).ok()?;
    let name = alone.get_ref().keys().next()?.get_ref().as_ref();
    let mut marker = String::from("second");
    while text.contains(&marker) {
        marker.push('-');
    }
    let marked = [text.get(..second.start)?, &marker, text.get(second.end..)?].concat();
    let (document, _) = DeTable::parse_recoverable(&marked);
    let mut steps = Vec::new();
    let table = table_with(document.get_ref(), &marker, &mut steps)?;
    let (first, _) = table.get_key_value(name)?;
    let first = first.span();
    // Where the parser has kept the later one of two tables.
    let shift = |place: usize| match place <= second.start {
        true => place,
        false => place + written.len() - marker.len().min(place),
    };
    steps.push(Step::Key(name.to_owned()));
    Some((
        steps.into_iter().collect(),
        shift(first.start)..shift(first.end),
    ))
}

/// The table that has this key, and the steps to it.
fn table_with<'t, 'i>(
    table: &'t DeTable<'i>,
    name: &str,
    steps: &mut Vec<Step>,
) -> Option<&'t DeTable<'i>> {
    if table.contains_key(name) {
        return Some(table);
    }
    table.iter().find_map(|(key, value)| {
        steps.push(Step::Key(key.get_ref().clone().into_owned()));
        let found = table_within(value.get_ref(), name, steps);
        if found.is_none() {
            steps.pop();
        }
        found
    })
}

fn table_within<'t, 'i>(
    value: &'t DeValue<'i>,
    name: &str,
    steps: &mut Vec<Step>,
) -> Option<&'t DeTable<'i>> {
    match value {
        DeValue::Table(table) => table_with(table, name, steps),
        DeValue::Array(list) => list.iter().enumerate().find_map(|(index, value)| {
            steps.push(Step::Index(index));
            let found = table_within(value.get_ref(), name, steps);
            if found.is_none() {
                steps.pop();
            }
            found
        }),
        _ => None,
    }
}
