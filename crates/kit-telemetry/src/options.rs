//! The options of telemetry.

use serde::{Deserialize, Serialize};

use crate::log::LogOptions;
use crate::metrics::MetricsOptions;
use crate::otlp::{self, OtlpOptions};
use kit_units::WrongOption;

/// The options of all telemetry: plain data, which a file can hold.
///
/// A file that is read again can change the filter of the log ([`Refresh`](crate::Refresh)); everything else is
/// fixed at the start. The schema says so by `x-kit-live`, which `kit-config` reads.
///
/// ```
/// use kit_telemetry::{LogOptions, TelemetryOptions};
///
/// let options = TelemetryOptions {
///     log: LogOptions { filter: "info,orders=debug".to_owned(), ..LogOptions::default() },
///     ..TelemetryOptions::default()
/// };
/// assert!(options.check().is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TelemetryOptions {
    /// The log.
    pub log: LogOptions,
    /// Traces, and the collector that they are sent to; none in a build without the feature `otlp`.
    pub traces: OtlpOptions,
    /// Metrics; none in a build without the features `prometheus` and `otlp`.
    pub metrics: MetricsOptions,
}

impl TelemetryOptions {
    /// Everything that is wrong with them, with its keys.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let TelemetryOptions {
            log,
            traces,
            metrics,
        } = self;
        [log.check(), otlp::wrong_options(traces), metrics.check()].concat()
    }
}
