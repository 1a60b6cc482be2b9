//! Where secrets are among the settings.

use std::collections::HashSet;

use super::kind::Kind;
use super::place::{Parts, Place};
use crate::tree::key::Step;

/// The names under which settings stand, by whether they are secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingNames {
    /// Of secrets, and of lists and maps of secrets.
    pub(crate) secret: Vec<String>,
    /// Of all else.
    pub(crate) plain: Vec<String>,
    /// Whether a map has secrets as its values, so that any name can be that of a secret.
    pub(crate) has_any_name: bool,
    /// Whether a secret can be a number.
    pub(crate) has_numbers: bool,
}

impl SettingNames {
    /// The names below a place, in lists and maps as well.
    pub(super) fn below(place: Place<'_>) -> SettingNames {
        let mut names = SettingNames::default();
        names.collect(&place, &mut HashSet::new());
        names
    }

    /// Whether there is a secret.
    pub(crate) fn has_secrets(&self) -> bool {
        self.has_any_name || !self.secret.is_empty()
    }

    /// Goes to the fields, the values of a list and those of a map. A place that was met is left at the second time:
    /// a type that contains itself has no end, and one that does so in two ways doubles with each step.
    fn collect<'a>(&mut self, place: &Place<'a>, met: &mut HashSet<Parts>) {
        let is_any = place.kinds().iter().all(|kind| matches!(kind, Kind::Any));
        if is_any || !met.insert(place.parts()) {
            return;
        }
        for name in place.keys() {
            if let Some(child) = place.child(&Step::Key(name.to_owned())) {
                self.add(name, &child);
                self.collect(&child, met);
            }
        }
        for child in values(place) {
            self.collect(&child, met);
        }
        // No field has this name.
        let any = place.child(&Step::Key("\0".to_owned()));
        if let Some(child) = any.filter(|_| place.is_open()) {
            let is_of_secrets = is_of_secrets(&child);
            self.has_any_name |= is_of_secrets && !place.is_secret();
            self.has_numbers |= is_of_secrets && takes_numbers(&child);
        }
    }

    fn add(&mut self, name: &str, place: &Place<'_>) {
        let is_of_secrets = is_of_secrets(place);
        self.has_numbers |= is_of_secrets && takes_numbers(place);
        let names = match is_of_secrets {
            true => &mut self.secret,
            false => &mut self.plain,
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
}

/// Whether it is a secret or a URL, or a list or a map of those, whatever they are in.
fn is_of_secrets(place: &Place<'_>) -> bool {
    is_of(place, &|place| place.is_secret() || place.is_url())
}

/// Whether it can be a number, or a list or a map of numbers.
fn takes_numbers(place: &Place<'_>) -> bool {
    let is_number = |kind: &Kind<'_>| matches!(kind, Kind::Any | Kind::Integer(_) | Kind::Float(_));
    is_of(place, &|place| place.kinds().iter().any(is_number))
}

/// Whether a place is such a one, or a list, a tuple or a map with such values, in one another as well.
fn is_of<'a>(place: &Place<'a>, is_such: &dyn Fn(&Place<'a>) -> bool) -> bool {
    find_of(place, is_such, &mut HashSet::new())
}

fn find_of<'a>(
    place: &Place<'a>,
    is_such: &dyn Fn(&Place<'a>) -> bool,
    met: &mut HashSet<Parts>,
) -> bool {
    // A type may contain itself.
    is_such(place)
        || (met.insert(place.parts()) && values(place).any(|value| find_of(&value, is_such, met)))
}

/// The places of the values of a list or a tuple, and of those of a map.
fn values<'a>(place: &Place<'a>) -> impl Iterator<Item = Place<'a>> {
    let lengths = place.kinds().iter().filter_map(|kind| match kind {
        Kind::List(list) => Some(list.first.len()),
        _ => None,
    });
    let last = lengths.max().unwrap_or_default();
    // No field has this name.
    let any = place.is_open().then(|| Step::Key("\0".to_owned()));
    let steps = (0..=last).map(Step::Index).chain(any);
    let values: Vec<_> = steps.filter_map(|step| place.child(&step)).collect();
    values.into_iter()
}

/// Whether the value at a place is a secret, or can have one in it.
pub(crate) fn holds_secrets(place: &Place<'_>) -> bool {
    is_of(place, &Place::is_secret) || SettingNames::below(place.clone()).has_secrets()
}

/// Whether the value at a place is a URL, or can be a list or a map of them.
pub(crate) fn holds_urls(place: &Place<'_>) -> bool {
    is_of(place, &Place::is_url)
}
