//! The labels of a series, as Prometheus compares them.

use std::borrow::Cow;

use metrics::{Key, Label};

use super::catalogue::MetricKind;
use super::spelling::page_label;

/// The labels that a metric shows: of those with one spelling on the page, the first.
pub(super) fn shown<'a>(
    labels: impl Iterator<Item = &'a Label>,
    kind: MetricKind,
) -> Vec<(Cow<'a, str>, &'a Label)> {
    let mut shown: Vec<(Cow<'a, str>, &'a Label)> = Vec::new();
    for label in labels {
        let name = page_label(label.key(), kind);
        if !shown.iter().any(|(known, _)| *known == name) {
            shown.push((name, label));
        }
    }
    shown
}

/// What two keys of one series have in common: the key with its labels as the page spells them, without those of
/// an empty value, which Prometheus takes for none. `None` when it is `key` itself. Keys compare their labels in
/// any order.
pub(super) fn identity(key: &Key, kind: MetricKind) -> Option<Key> {
    let shown = shown(key.labels(), kind);
    let written = key.labels().len();
    let is_same = |(name, label): &(Cow<'_, str>, &Label)| *name == label.key();
    let has_value = |label: &Label| !label.value().is_empty();
    if shown.len() == written && shown.iter().all(|one| is_same(one) && has_value(one.1)) {
        return None;
    }
    let labels = shown.into_iter().filter(|(_, label)| has_value(label));
    let labels =
        labels.map(|(name, label)| Label::new(name.into_owned(), label.value().to_owned()));
    Some(Key::from_parts(
        key.name().to_owned(),
        labels.collect::<Vec<_>>(),
    ))
}
