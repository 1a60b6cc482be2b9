//! All recordings: the page and the export are made from them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use metrics::{Key, Unit};

use super::catalogue::{self, MetricKind};
use super::family::{Limits, Recorded, Series};
use super::sample::{Family, Samples};
use super::spelling::page_name;
use super::unit::ucum;

/// The recorded metrics, by their names on the page, and their descriptions.
pub(super) struct Store {
    limits: Limits,
    families: RwLock<HashMap<String, Arc<Recorded>>>,
    /// The first of each name stands.
    descriptions: Mutex<HashMap<String, Description>>,
}

struct Description {
    unit: Option<Unit>,
    text: String,
}

impl Store {
    pub(super) fn new(most_series: usize, bounds: &[f64]) -> Store {
        Store {
            limits: Limits {
                most: most_series,
                bounds: bounds.into(),
            },
            families: RwLock::default(),
            descriptions: Mutex::default(),
        }
    }

    /// The series of `key`, or that of the overflow. `None` when the name is that of a metric of another
    /// kind, of one that is read, or of a part of a histogram: a page with one metric twice is refused whole by its
    /// reader.
    pub(super) fn series(&self, key: &Key, kind: MetricKind) -> Option<Series> {
        let name = page_name(key.name());
        let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
        let known = families.get(name.as_ref()).cloned();
        if known.is_none() && is_taken(&families, &name, kind) {
            return None;
        }
        drop(families);
        let family = match known {
            Some(family) => family,
            None => self.begin(key.name(), &name, kind)?,
        };
        if family.kind != kind {
            return None;
        }
        if key.name() == family.name {
            return Some(family.series(key));
        }
        // Another spelling of the same name on the page.
        let labels = key.labels().cloned().collect::<Vec<_>>();
        Some(family.series(&Key::from_parts(family.name.clone(), labels)))
    }

    /// The family of a name on the page, unless another has come in between that takes the name.
    fn begin(&self, written: &str, name: &str, kind: MetricKind) -> Option<Arc<Recorded>> {
        let families = self.families.write();
        let mut families = families.unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = families.get(name) {
            return Some(Arc::clone(known));
        }
        if is_taken(&families, name, kind) {
            return None;
        }
        let written = if written.is_empty() { name } else { written };
        let begun = Arc::new(Recorded::new(written.to_owned(), kind, self.limits.clone()));
        families.insert(name.to_owned(), Arc::clone(&begun));
        Some(begun)
    }

    pub(super) fn describe(&self, name: &str, unit: Option<Unit>, text: String) {
        let name = page_name(name).into_owned();
        let mut descriptions = kit_sync::lock(&self.descriptions);
        let description = Description { unit, text };
        descriptions.entry(name).or_insert(description);
    }

    /// The metrics that have come to the limit, and how often a series had no room.
    pub(super) fn overflows(&self) -> Vec<(String, u64)> {
        let families = self.families();
        let counts = families
            .iter()
            .map(|family| (family.name.clone(), family.overflows()));
        counts.filter(|(_, overflows)| *overflows > 0).collect()
    }

    pub(super) fn most(&self) -> usize {
        self.limits.most
    }

    /// Reads all values. A family is locked while its series are copied, which holds up nothing but a new
    /// series of the same metric.
    pub(super) fn collect(&self, samples: &mut Samples) {
        for family in self.families() {
            let (unit, description) = self.description(&page_name(&family.name));
            samples.push(Family {
                name: family.name.clone().into(),
                kind: family.kind,
                unit,
                description: description.map(Into::into),
                samples: family.samples(),
            });
        }
    }

    pub(super) fn collect_overflows(&self, samples: &mut Samples) {
        for (name, overflows) in self.overflows() {
            samples.add_count(&catalogue::METRICS_OVERFLOWS, [name], overflows);
        }
    }

    /// By name.
    fn families(&self) -> Vec<Arc<Recorded>> {
        let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
        let sorted: BTreeMap<_, _> = families.iter().collect();
        sorted.into_values().map(Arc::clone).collect()
    }

    fn description(&self, name: &str) -> (&'static str, Option<String>) {
        let descriptions = kit_sync::lock(&self.descriptions);
        let Some(Description { unit, text }) = descriptions.get(name) else {
            return ("", None);
        };
        (unit.map_or("", ucum), Some(text.clone()))
    }
}

/// The ends of the names that the page gives the parts of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Whether the page has a new metric's name for something else: for a metric that is read or a part of a histogram;
/// or has one of its parts' names, if it is a histogram.
fn is_taken(families: &HashMap<String, Arc<Recorded>>, name: &str, kind: MetricKind) -> bool {
    let is_histogram = |base: &str| {
        let known = families.get(base);
        known.is_some_and(|family| family.kind == MetricKind::Histogram)
    };
    let is_part = |end: &&str| name.strip_suffix(*end).is_some_and(is_histogram);
    let has_part = |end: &&str| {
        let part = format!("{name}{end}");
        families.contains_key(&part) || catalogue::is_read(&part)
    };
    catalogue::is_read(name)
        || PARTS.iter().any(is_part)
        || (kind == MetricKind::Histogram && PARTS.iter().any(has_part))
}
