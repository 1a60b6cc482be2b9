//! The options of metrics, as data.

use serde::{Deserialize, Serialize};

use kit_units::WrongOption;

/// From 1 ms to 10 s: twice to two and a half times from one to the next, with those of the usual
/// objectives among them.
const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The options of metrics that are data: a file can hold them.
///
/// ```
/// use kit_telemetry::metrics::MetricsOptions;
///
/// let options: MetricsOptions = toml::from_str("max_series = 200")?;
/// assert_eq!(options.max_series, 200);
/// assert_eq!(options.buckets, MetricsOptions::default().buckets);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricsOptions {
    /// How many series a metric has at most, 1 or more: further label values are recorded in one series
    /// with the label `otel_metric_overflow="true"`, and counted. Default: 1000.
    pub max_series: usize,
    /// The upper bounds of the buckets of every histogram, ascending: for durations, in seconds. Default:
    /// 14, from 0.001 to 10.
    pub buckets: Vec<f64>,
}

impl Default for MetricsOptions {
    fn default() -> MetricsOptions {
        MetricsOptions {
            max_series: 1000,
            buckets: BUCKETS.to_vec(),
        }
    }
}

impl MetricsOptions {
    /// Everything that is wrong.
    ///
    /// Each is compared with the smallest value that is of use. Buckets have to ascend, because a histogram
    /// finds the place of a value by them, and are finite, because the bucket without a bound is there
    /// anyway.
    pub(crate) fn check(&self) -> Vec<WrongOption> {
        let MetricsOptions {
            max_series,
            buckets,
        } = self;
        let mut wrong = Vec::new();
        let mut refuse = |key: &str, value: String, expected| {
            wrong.push(WrongOption::new(format!("metrics.{key}"), value, expected));
        };
        if *max_series == 0 {
            let expected = "1 or more, such as 1000";
            refuse("max_series", max_series.to_string(), expected);
        }
        let is_ascending = buckets.windows(2).all(|pair| pair[0] < pair[1]);
        let are_finite = buckets.iter().all(|bound| bound.is_finite());
        if buckets.is_empty() || !is_ascending || !are_finite {
            let expected = "one or more finite numbers in ascending order, such as [0.1, 1.0]";
            refuse("buckets", format!("{buckets:?}"), expected);
        }
        wrong
    }
}
