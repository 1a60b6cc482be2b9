//! What there is to know about a metric.

use std::fmt;

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, as the page shows it.
    pub name: &'static str,
    /// Its type.
    pub kind: MetricKind,
    /// The unit of its values; `None` for a number of things, and for 0 or 1.
    pub unit: Option<&'static str>,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub description: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A number that grows, from 0 at the start of the process.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// Values by their size.
    Histogram,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        })
    }
}

impl Metric {
    pub(super) const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Metric {
        Metric::new(MetricKind::Counter, name, labels, description)
    }

    pub(super) const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Metric {
        Metric::new(MetricKind::Gauge, name, labels, description)
    }

    pub(super) const fn histogram(
        name: &'static str,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Metric {
        Metric::new(MetricKind::Histogram, name, labels, description)
    }

    const fn new(
        kind: MetricKind,
        name: &'static str,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Metric {
        Metric {
            name,
            kind,
            unit: None,
            labels,
            description,
        }
    }

    /// Its unit in UCUM. A number of things has 1, as a share has.
    pub(crate) fn ucum(&self) -> &'static str {
        match self.unit {
            Some("seconds") => "s",
            Some("bytes") => "By",
            _ => "1",
        }
    }

    pub(super) const fn in_seconds(self) -> Metric {
        let unit = Some("seconds");
        Metric { unit, ..self }
    }

    pub(super) const fn in_bytes(self) -> Metric {
        let unit = Some("bytes");
        Metric { unit, ..self }
    }
}
