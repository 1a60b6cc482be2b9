//! The words for what a walk finds.

use super::fit::{known_keys, names};
use super::found::found;
use super::hint::{self, Hints, Meant};
use crate::mask;
use crate::problem::{Problem, What};
use crate::shape::{self, Kind, Place, Shape, nearest, one_of};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Entry, Node, Table};

/// The words for wrong values and unknown keys. What may be a secret is hidden with them.
pub(super) struct Wording<'s> {
    shape: &'s Shape,
    hints: Hints,
}

/// The words about an unknown key.
pub(super) struct UnknownKey {
    pub(super) what: What,
    /// The key of the same table that was meant. That it is missing is said with the typo.
    pub(super) meant: Option<KeyPath>,
}

impl<'s> Wording<'s> {
    pub(super) fn of(shape: &'s Shape) -> Wording<'s> {
        Wording {
            shape,
            hints: Hints::of(shape),
        }
    }

    /// About a value that its setting does not take.
    pub(super) fn of_value(&self, place: &Place<'s>, node: &Node) -> What {
        let is_secret = shape::holds_secrets(place)
            || node.origin.is_hidden()
            || mask::has_userinfo(node, Some(place));
        if is_secret {
            mask::hide(node, Some(place));
        }
        let has_userinfo = mask::hide_userinfo(node, place);
        What::Type {
            found: found(node, is_secret || has_userinfo),
            expected: with_meant(place.expects(), node, &names(place)),
        }
    }

    /// Masks the value in a problem about it.
    pub(super) fn mask(&self, problem: &mut Problem, value: &Node) {
        if let What::Type { found: shown, .. } = &mut problem.what
            && problem.origin == value.origin
        {
            *shown = found(value, true);
        }
    }

    /// About a tag that no variant has.
    pub(super) fn of_tag(&self, place: &Place<'s>, written: &Node, names: &[&str]) -> What {
        let is_secret =
            place.is_secret() || written.origin.is_hidden() || mask::has_userinfo(written, None);
        What::Type {
            found: found(written, is_secret),
            expected: with_meant(one_of(names), written, names),
        }
    }

    /// About a list that is too short or too long.
    pub(super) fn of_length(&self, place: &Place<'s>, length: usize) -> What {
        What::Type {
            found: match length {
                1 => "a list of 1 value".to_owned(),
                _ => format!("a list of {length} values"),
            },
            expected: place.expects(),
        }
    }

    /// About a key that is not known here, in a table that is one of these variants. One that another variant
    /// knows is said to be of that variant; else the nearest known key is named.
    pub(super) fn of_unknown_key(
        &self,
        place: &Place<'s>,
        kinds: &[&Kind<'s>],
        parent: &KeyPath,
        entry: &Entry,
        table: &Table,
    ) -> UnknownKey {
        if let Some(of_variant) = place.child(&Step::Key(entry.key.clone())) {
            mask::hide(&entry.node, Some(&of_variant));
        }
        if let Some(message) = of_other_variant(place, parent, entry, table) {
            let what = What::Other { message };
            return UnknownKey { what, meant: None };
        }
        let known = known_keys(kinds);
        let meant = hint::meant(self.shape, &self.hints, parent, &entry.key, &known);
        self.hints.hide(&entry.key, &entry.node, meant.as_ref());
        let here = meant.as_ref().and_then(|meant| meant.here);
        let here = here.map(|name| Step::Key(name.to_owned()));
        if let Some(step) = here.as_ref().filter(|_| self.hints.has_secrets()) {
            mask::hide(&entry.node, place.child(step).as_ref());
        }
        UnknownKey {
            what: What::Unknown {
                nearest: meant.map(|Meant { keys, .. }| keys),
            },
            meant: here.map(|step| parent.step(step)),
        }
    }
}

/// The expected values, with the name that the value may have meant.
fn with_meant(expected: String, written: &Node, names: &[&str]) -> String {
    let names = names.iter().copied();
    match written.as_text().and_then(|text| nearest(text, names)) {
        Some(meant) => format!("{expected}; did you mean `{meant}`?"),
        None => expected,
    }
}

/// The message about a key that only other variants of the enum have. It names their tag and the one
/// that is set, with its place, as either of them may be the mistake.
fn of_other_variant(
    place: &Place<'_>,
    parent: &KeyPath,
    entry: &Entry,
    table: &Table,
) -> Option<String> {
    let all = place.table_kinds();
    let knows = |kind: &&&Kind<'_>| {
        let table = kind.as_table();
        table.is_some_and(|table| table.field(&entry.key).is_some())
    };
    let of: Vec<_> = all.iter().filter(knows).copied().collect();
    let tag = shape::tags(place, &all).into_iter().next()?;
    let names = shape::names(place, &of, tag);
    let written = table.get(tag)?;
    if names.is_empty() || written.origin.is_hidden() || mask::has_userinfo(written, None) {
        return None;
    }
    Some(format!(
        "is a setting for `{tag}` = {}, and `{}` is {} ({})",
        one_of(&names),
        parent.key(tag),
        found(written, place.is_secret()),
        written.origin
    ))
}
