//! A page, taken apart.

use std::collections::{BTreeMap, BTreeSet};

/// A metric of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) kind: String,
    pub(crate) description: String,
    /// The names of the labels of each value, without `le`.
    pub(crate) labels: BTreeSet<Vec<String>>,
}

/// The metrics of a page, by name.
pub(crate) fn metrics_of(page: &str) -> BTreeMap<String, Shown> {
    let mut all: BTreeMap<String, Shown> = BTreeMap::new();
    let mut last = String::new();
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, description) = help.split_once(' ').expect("a description");
            all.entry(name.to_owned()).or_default().description = description.to_owned();
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of.split_once(' ').expect("a type");
            let shown = all.entry(name.to_owned()).or_default();
            assert_eq!(shown.kind, "", "{name} is there twice");
            shown.kind = kind.to_owned();
            last = name.to_owned();
        } else {
            let end = line.find(['{', ' ']).expect("a value");
            assert!(line[..end].starts_with(&last), "{line} among {last}");
            all.get_mut(&last)
                .expect("it has a type")
                .labels
                .insert(labels_of(&line[end..]));
        }
    }
    all
}

/// The names of the labels in `{a="x",b="y"} 1`. No value of these tests holds a quotation mark.
fn labels_of(text: &str) -> Vec<String> {
    let Some((labels, _)) = text
        .strip_prefix('{')
        .and_then(|text| text.rsplit_once('}'))
    else {
        return Vec::new();
    };
    let parts: Vec<_> = labels.split('"').collect();
    let names = parts.iter().step_by(2);
    let names = names.map(|name| name.trim_start_matches(',').trim_end_matches('='));
    names
        .filter(|name| !name.is_empty() && *name != "le")
        .map(str::to_owned)
        .collect()
}

/// The value of a series, written as the page has it.
pub(crate) fn value_of(page: &str, series: &str) -> Option<f64> {
    let mut lines = page.lines();
    let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map(|value| value.parse().expect("a number"))
}
