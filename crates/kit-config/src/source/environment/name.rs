//! From the name of a variable to the key of a setting.

use crate::problem::What;
use crate::shape::{Place, Shape, nearest};
use crate::tree::key::{KeyPath, Step};

const SEPARATOR: &str = "__";

/// The names of variables with one prefix.
pub(super) struct Names<'a> {
    prefix: &'a str,
    root: Place<'a>,
    /// The keys from the root that settings had before, and the places of these settings.
    renamed: Vec<(Vec<&'a str>, Place<'a>)>,
}

impl<'a> Names<'a> {
    pub(super) fn new(prefix: &'a str, shape: &'a Shape) -> Names<'a> {
        let mut renamed = Vec::new();
        for (_, place) in shape.keys() {
            let was = place.was();
            let absolute = was.iter().filter_map(|was| was.strip_prefix('/'));
            renamed.extend(absolute.map(|was| (was.split('.').collect(), place.clone())));
        }
        Names {
            prefix,
            root: shape.root(),
            renamed,
        }
    }

    /// What follows the prefix; `None` if the name has another one.
    pub(super) fn without_prefix<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(self.prefix)?.strip_prefix(SEPARATOR)
    }

    /// The name that was meant by one whose prefix is written in another case; such a name is the same variable
    /// on Windows.
    pub(super) fn in_right_case(&self, name: &str) -> Option<String> {
        let (begin, rest) = name.split_at_checked(self.prefix.len())?;
        let rest = rest.strip_prefix(SEPARATOR)?;
        let is_other = begin != self.prefix && begin.eq_ignore_ascii_case(self.prefix);
        is_other.then(|| format!("{}{SEPARATOR}{rest}", self.prefix))
    }

    /// The key that a name stands for, without its prefix; else the key as far as it goes, and the
    /// mistake in it.
    pub(super) fn key(&self, name: &str) -> Result<KeyPath, (KeyPath, What)> {
        let segments: Vec<&str> = name.split(SEPARATOR).collect();
        self.follow(&segments).map_err(|end| {
            let (before, rest) = segments.split_at(end.steps.len().min(segments.len()));
            let Some((unknown, after)) = rest.split_first() else {
                return (
                    end.steps.into_iter().collect(),
                    What::Unknown { nearest: None },
                );
            };
            let mut key: KeyPath = end.steps.into_iter().collect();
            let what = if unknown.is_empty() {
                let message = "a part of its name is empty".to_owned();
                What::Syntax { message }
            } else if !end.has_parts {
                let message = format!("`{key}` is {}, which has no parts", end.place.expects());
                What::Other { message }
            } else {
                key = key.key(unknown.to_lowercase());
                let nearest = self.nearest(before, unknown, after, &end.place);
                What::Unknown { nearest }
            };
            (key, what)
        })
    }

    /// Follows the parts of a name along the places, as far as there are any.
    ///
    /// At each place the present keys come first, then the ones that settings had before: from the root
    /// or from the table. A key of before may have several parts.
    fn follow(&self, segments: &[&str]) -> Result<KeyPath, End<'a>> {
        let mut steps = Vec::new();
        let mut place = self.root.clone();
        while let Some(segment) = segments.get(steps.len()) {
            let next = step(&place, segment)
                .and_then(|step| Some((vec![step.clone()], place.child(&step)?)))
                .or_else(|| self.renamed(&place, &segments[steps.len()..], steps.is_empty()));
            let Some((further, child)) = next else {
                let has_parts = place.is_table() || place.is_list() || place.is_open();
                return Err(End {
                    steps,
                    place,
                    has_parts,
                });
            };
            steps.extend(further);
            place = child;
        }
        Ok(steps.into_iter().collect())
    }

    /// The key that a setting had before, if the name goes on with it, and the place of the setting.
    fn renamed(
        &self,
        place: &Place<'a>,
        segments: &[&str],
        is_root: bool,
    ) -> Option<(Vec<Step>, Place<'a>)> {
        let of_table = place.keys().into_iter().flat_map(|key| {
            let child = place.child(&Step::Key(key.to_owned()));
            child.into_iter().flat_map(|child| {
                let was = child.was().into_iter().filter(|was| !was.starts_with('/'));
                was.map(|was| (was.split('.').collect(), child.clone()))
                    .collect::<Vec<(Vec<&str>, Place<'a>)>>()
            })
        });
        let of_root = self.renamed.iter().filter(|_| is_root).cloned();
        of_table
            .chain(of_root)
            .find(|(was, _)| {
                was.len() <= segments.len()
                    && was
                        .iter()
                        .zip(segments)
                        .all(|(was, segment)| is_same(was, segment))
            })
            .map(|(was, child)| {
                let step = |was: &str| Step::Key(was.to_owned());
                (was.into_iter().map(step).collect(), child)
            })
    }

    /// The name that is most like this one: a single `_` was written for `__`, or a part is misspelt.
    fn nearest(
        &self,
        before: &[&str],
        unknown: &str,
        after: &[&str],
        place: &Place<'_>,
    ) -> Option<String> {
        let name = |middle: &[&str]| {
            let parts = [before, middle, after].concat();
            [&[self.prefix], &*parts].concat().join(SEPARATOR)
        };
        let split = unknown.match_indices('_').find_map(|(at, _)| {
            let middle = [&unknown[..at], &unknown[at + 1..]];
            let is_key = self.follow(&[before, &middle, after].concat()).is_ok();
            is_key.then(|| name(&middle))
        });
        split.or_else(|| {
            let written = unknown.to_lowercase();
            let key = nearest(&written, place.keys())?;
            Some(name(&[&key.to_uppercase().replace('-', "_")]))
        })
    }
}

/// Where a name leads no further.
struct End<'a> {
    steps: Vec<Step>,
    place: Place<'a>,
    has_parts: bool,
}

/// The step that a part of a name stands for at this place.
fn step(place: &Place<'_>, segment: &str) -> Option<Step> {
    let keys = place.keys();
    let key = keys
        .iter()
        .find(|key| **key == segment)
        .or_else(|| keys.iter().find(|key| is_same(key, segment)));
    if let Some(key) = key {
        return Some(Step::Key((*key).to_owned()));
    }
    let is_number = !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    if place.is_list() && is_number {
        return segment.parse().ok().map(Step::Index);
    }
    if !place.is_open() || segment.is_empty() {
        return None;
    }
    let is_lower = segment.chars().any(char::is_lowercase);
    Some(Step::Key(match is_lower {
        true => segment.to_owned(),
        false => segment.to_lowercase(),
    }))
}

/// Case does not count, and `-` is `_`.
fn is_same(key: &str, segment: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    plain(key) == plain(segment)
}
