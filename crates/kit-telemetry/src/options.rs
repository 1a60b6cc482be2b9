//! The options of telemetry.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::log::LogOptions;

/// The options of all telemetry: plain data, which a file can hold.
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
}

impl TelemetryOptions {
    /// Everything that is wrong with them, in their order.
    #[must_use]
    pub fn check(&self) -> Vec<Error> {
        self.log.check()
    }
}
