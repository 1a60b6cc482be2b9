//! A failure of serde in the words of this crate.

use super::failure::{Failure, Reason};
use crate::check::found;
use crate::mask::{self, HiddenTexts};
use crate::problem::{Problem, What};
use crate::shape::{Place, Shape, nearest};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::Node;
use crate::tree::origin::Origin;

/// What serde refuses at this key, with the origin of the value, or of the table that lacks it.
pub(super) fn problem(shape: &Shape, tree: &Node, key: &KeyPath, failure: &Failure) -> Problem {
    let place = shape.at(key);
    let node = tree.get(key);
    let origin = origin(tree, key);
    let has_userinfo = node.is_some_and(|node| mask::has_userinfo(node, place.as_ref()));
    let is_secret = place.as_ref().is_some_and(Place::is_secret)
        || origin.is_hidden()
        || has_userinfo
        || node.is_some_and(mask::is_written_hidden);
    let expects = place.as_ref().map(Place::expects);
    let shown = node.map_or_else(|| "this".to_owned(), |node| found(node, is_secret));
    let what = match &failure.reason {
        Reason::Missing(_) => What::Missing {
            expected: expects.unwrap_or_else(|| "set".to_owned()),
        },
        Reason::Unknown(name) => {
            let known = place.iter().flat_map(Place::keys);
            What::Unknown {
                nearest: nearest(name, known).map(|name| key.key(name).to_string()),
            }
        }
        _ if is_secret => What::Type {
            found: shown,
            expected: expects.unwrap_or_else(|| "what its setting takes".to_owned()),
        },
        Reason::Invalid { expected } => What::Type {
            found: shown,
            expected: with_article(expected),
        },
        Reason::Key { expected } => What::Type {
            found: "the key itself".to_owned(),
            expected: with_article(expected),
        },
        Reason::Refused(message) => {
            let mut hidden = HiddenTexts::default();
            if let Some(node) = node {
                hidden.add(node, place.as_ref());
            }
            let message = hidden.mask(message.trim_end_matches('.'));
            match place.filter(Place::has_own_phrase) {
                Some(place) => What::Type {
                    found: shown,
                    expected: format!("{} ({message})", place.expects()),
                },
                None if key.is_root() => What::Other { message },
                None => What::Other {
                    message: format!("{shown} is refused: {message}"),
                },
            }
        }
    };
    let origin = match &failure.reason {
        Reason::Key { .. } => key_origin(tree, key).unwrap_or(origin),
        _ => origin,
    };
    Problem::new(origin, key.clone(), what)
}

/// Where a key itself was written.
fn key_origin(tree: &Node, key: &KeyPath) -> Option<Origin> {
    let table = tree.get(&key.parent()?)?.as_table()?;
    match key.steps().last()? {
        Step::Key(name) => Some(table.entry(name)?.origin.clone()),
        Step::Index(_) => None,
    }
}

/// The origin of the value, else of the innermost table or list around it.
fn origin(tree: &Node, key: &KeyPath) -> Origin {
    let mut at = Some(key.clone());
    while let Some(key) = at {
        if let Some(node) = tree.get(&key) {
            return node.origin.clone();
        }
        at = key.parent();
    }
    Origin::Default
}

/// serde names types without an article: `u8`, `struct Limits`.
fn with_article(expected: &str) -> String {
    let is_phrase = ["a ", "an ", "one of ", "any ", "the ", "`"]
        .iter()
        .any(|begin| expected.starts_with(begin));
    let is_whole = expected.starts_with(['u', 'i'])
        && (expected.ends_with("size") || expected[1..].parse::<u8>().is_ok());
    match expected {
        _ if is_phrase => expected.to_owned(),
        _ if is_whole => format!("a whole number of the type {expected}"),
        _ => format!("a value of the type {expected}"),
    }
}
