//! Values that were read, with their metrics.

use super::catalogue::Metric;

/// Values that were read at one moment, those of a metric together.
#[derive(Default)]
pub(super) struct Samples(Vec<Family>);

/// One metric.
pub(super) struct Family {
    pub(super) metric: &'static Metric,
    pub(super) samples: Vec<Sample>,
}

/// One value.
pub(super) struct Sample {
    /// Those of the labels of the metric, in their order.
    pub(super) labels: Vec<String>,
    pub(super) value: f64,
}

impl Samples {
    /// Adds a value with those of the labels, in the order of the catalogue.
    pub(super) fn add<const N: usize>(
        &mut self,
        metric: &'static Metric,
        labels: [String; N],
        value: f64,
    ) {
        let sample = Sample {
            labels: labels.into(),
            value,
        };
        let mut families = self.0.iter_mut();
        match families.find(|family| family.metric.name == metric.name) {
            Some(family) => family.samples.push(sample),
            None => self.0.push(Family {
                metric,
                samples: vec![sample],
            }),
        }
    }

    /// Adds a count. Beyond 2^53 its last digits are lost.
    #[expect(
        clippy::cast_precision_loss,
        reason = "values of the page are numbers of 64-bit floats"
    )]
    pub(super) fn add_count<const N: usize>(
        &mut self,
        metric: &'static Metric,
        labels: [String; N],
        count: u64,
    ) {
        self.add(metric, labels, count as f64);
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

    pub(super) fn families(&self) -> &[Family] {
        &self.0
    }
}
