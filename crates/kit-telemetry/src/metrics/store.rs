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
    /// kind, or of one that is read: a page with one metric twice is refused whole by its reader.
    pub(super) fn series(&self, key: &Key, kind: MetricKind) -> Option<Series> {
        let name = page_name(key.name());
        let families = self.families.read().unwrap_or_else(PoisonError::into_inner);
        let known = families.get(name.as_ref()).cloned();
        drop(families);
        let family = match known {
            Some(family) => family,
            None if catalogue::is_read(&name) => return None,
            None => {
                let mut families = self
                    .families
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                let place = families.entry(name.into_owned());
                let begin = || Recorded::new(key.name().to_owned(), kind, self.limits.clone());
                Arc::clone(place.or_insert_with(|| Arc::new(begin())))
            }
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
