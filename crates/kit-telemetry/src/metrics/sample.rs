//! Values that were read, with their metrics.

use std::borrow::Cow;

use super::catalogue::{Metric, MetricKind};
use super::histogram::Distribution;

/// Values that were read at one moment, those of a metric together.
#[derive(Default)]
pub(crate) struct Samples(Vec<Family>);

/// One metric.
pub(crate) struct Family {
    /// As the program or the catalogue has it.
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: MetricKind,
    /// In UCUM; empty when none is known.
    pub(crate) unit: &'static str,
    pub(crate) description: Option<Cow<'static, str>>,
    pub(crate) samples: Vec<Sample>,
}

/// One value, with the names and values of its labels.
pub(crate) struct Sample {
    pub(crate) labels: Vec<(Cow<'static, str>, String)>,
    pub(crate) value: Reading,
}

/// A value by its form.
#[derive(Debug, PartialEq)]
pub(crate) enum Reading {
    Count(u64),
    Number(f64),
    Buckets(Distribution),
}

impl Samples {
    /// Adds a value with those of the labels, in the order of the catalogue.
    pub(super) fn add<const N: usize>(
        &mut self,
        metric: &'static Metric,
        labels: [String; N],
        value: f64,
    ) {
        self.add_value(metric, labels, Reading::Number(value));
    }

    pub(super) fn add_count<const N: usize>(
        &mut self,
        metric: &'static Metric,
        labels: [String; N],
        count: u64,
    ) {
        self.add_value(metric, labels, Reading::Count(count));
    }

    pub(super) fn add_size<const N: usize>(
        &mut self,
        metric: &'static Metric,
        labels: [String; N],
        size: usize,
    ) {
        self.add_count(metric, labels, u64::try_from(size).unwrap_or(u64::MAX));
    }

    /// Adds a value for each of the states, the last of `labels` in turn: 1 for the present one, 0 for the
    /// others.
    pub(super) fn add_states<const N: usize>(
        &mut self,
        metric: &'static Metric,
        states: &[String],
        present: &str,
        labels: impl Fn(String) -> [String; N],
    ) {
        for state in states {
            let value = f64::from(u8::from(state == present));
            self.add(metric, labels(state.clone()), value);
        }
    }

    fn add_value<const N: usize>(
        &mut self,
        metric: &'static Metric,
        labels: [String; N],
        value: Reading,
    ) {
        let names = metric.labels.iter().map(|name| Cow::Borrowed(*name));
        let sample = Sample {
            labels: names.zip(labels).collect(),
            value,
        };
        let mut families = self.0.iter_mut();
        match families.find(|family| family.name == metric.name) {
            Some(family) => family.samples.push(sample),
            None => self.0.push(Family {
                name: Cow::Borrowed(metric.name),
                kind: metric.kind,
                unit: metric.ucum(),
                description: Some(Cow::Borrowed(metric.description)),
                samples: vec![sample],
            }),
        }
    }

    /// Adds a metric of which there is nothing yet.
    pub(crate) fn push(&mut self, family: Family) {
        self.0.push(family);
    }

    pub(crate) fn families(&self) -> &[Family] {
        &self.0
    }
}
