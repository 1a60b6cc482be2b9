//! Telemetry for binaries on Kit: logs, traces and metrics. No reader of a log and no collector, however
//! broken, delays a request or a stop.

#[cfg(feature = "prometheus")]
pub mod metrics;
#[cfg(feature = "otlp")]
pub mod otlp;
