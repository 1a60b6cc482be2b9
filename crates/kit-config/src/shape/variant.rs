//! Which variants of an enum a table can be.

use super::kind::{Field, Kind};
use super::place::Place;
use crate::tree::key::Step;
use crate::tree::node::Table;

/// What the tags of a table say about its variant.
#[derive(Debug)]
pub(crate) enum Tagged<'k, 'a> {
    /// These variants have the tags that are there, and each of them is there.
    Known(Vec<&'k Kind<'a>>),
    /// A tag is not there that would tell these variants apart.
    Absent {
        tag: &'a str,
        names: Vec<&'a str>,
        variants: Vec<&'k Kind<'a>>,
    },
    /// No variant has the value of this tag.
    Wrong { tag: &'a str, names: Vec<&'a str> },
    /// These variants have no tag.
    Untagged(Vec<&'k Kind<'a>>),
}

/// Tells variants apart by their tags: keys of which each variant takes one text only.
pub(crate) fn by_tag<'k, 'a>(
    place: &Place<'a>,
    variants: &[&'k Kind<'a>],
    table: &Table,
) -> Tagged<'k, 'a> {
    let mut left = variants.to_vec();
    for tag in tags(place, variants) {
        let Some(written) = table.get(tag) else {
            continue;
        };
        let has_tag = |kind: &&&Kind<'a>| match tag_of(place, kind, tag) {
            Some(name) => written.as_text() == Some(name),
            None => true,
        };
        let same: Vec<_> = left.iter().filter(has_tag).copied().collect();
        if same.is_empty() {
            let names = names(place, &left, tag);
            return Tagged::Wrong { tag, names };
        }
        left = same;
    }
    if left.len() == 1 {
        return Tagged::Known(left);
    }
    let is_absent = |tag: &&str| table.get(tag).is_none() && names(place, &left, tag).len() > 1;
    let absent = tags(place, &left).into_iter().find(is_absent);
    match absent {
        Some(tag) => Tagged::Absent {
            tag,
            names: names(place, &left, tag),
            variants: left,
        },
        None if tags(place, &left).is_empty() => Tagged::Untagged(left),
        None => Tagged::Known(left),
    }
}

/// The tags that all of these variants have.
pub(crate) fn tags<'a>(place: &Place<'a>, variants: &[&Kind<'a>]) -> Vec<&'a str> {
    let Some(Kind::Table(first)) = variants.first() else {
        return Vec::new();
    };
    let is_tag = |name: &&str| {
        let mut all = variants.iter();
        all.all(|kind| tag_of(place, kind, name).is_some())
    };
    first
        .fields
        .iter()
        .map(|field| field.name)
        .filter(is_tag)
        .collect()
}

/// The text of this tag in a variant.
fn tag_of<'a>(place: &Place<'a>, variant: &Kind<'a>, tag: &str) -> Option<&'a str> {
    let child = place.among(&[variant], &Step::Key(tag.to_owned()))?;
    match child.kinds() {
        [Kind::Text(text)] => match text.one_of.as_deref() {
            Some([only]) => Some(only),
            _ => None,
        },
        _ => None,
    }
}

/// The texts of this tag in these variants, each once.
pub(crate) fn names<'a>(place: &Place<'a>, variants: &[&Kind<'a>], tag: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for name in variants.iter().filter_map(|kind| tag_of(place, kind, tag)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether a key is one of a variant's, and not of the struct that the enum is flattened into: that has
/// one and the same field in all variants.
pub(crate) fn is_of_variant(variants: &[&Kind<'_>], key: &str) -> bool {
    let fields: Vec<_> = variants.iter().map(|kind| field(kind, key)).collect();
    let first = fields.iter().flatten().next().copied();
    let Some(first) = first else { return false };
    let is_same = |field: &Option<&Field<'_>>| {
        field.is_some_and(
            |field| match (field.schemas.first(), first.schemas.first()) {
                (Some(this), Some(that)) => std::ptr::eq(*this, *that),
                _ => false,
            },
        )
    };
    !fields.iter().all(is_same)
}

fn field<'k, 'a>(kind: &'k Kind<'a>, key: &str) -> Option<&'k Field<'a>> {
    kind.as_table()?.field(key)
}
