//! Telemetry for binaries on Kit: logs, traces and metrics. No reader of a log and no collector, however
//! broken, delays a request or a stop.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use kit_app::App;
//! use kit_telemetry::{Telemetry, TelemetryOptions};
//!
//! fn main() -> ExitCode {
//!     let options = TelemetryOptions::default();
//!     let telemetry = match Telemetry::init(&options, "orders") {
//!         Ok(telemetry) => telemetry,
//!         Err(error) => {
//!             eprintln!("error: {error}");
//!             return ExitCode::FAILURE;
//!         }
//!     };
//!     App::builder("orders").apply(telemetry.option()).build().main()
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod log;
#[cfg_attr(
    not(any(feature = "prometheus", feature = "otlp")),
    path = "no_metrics.rs"
)]
#[cfg_attr(
    not(feature = "otlp"),
    allow(
        dead_code,
        unused_imports,
        reason = "some is there for the export alone"
    )
)]
pub mod metrics;
mod options;
#[cfg_attr(not(feature = "otlp"), path = "no_otlp.rs")]
pub mod otlp;
mod panic;
mod redact;
mod refresh;
mod telemetry;

pub use error::Error;
pub use log::{LogFormat, LogOptions, LogOutput, RepeatOptions};
pub use options::TelemetryOptions;
pub use refresh::Refresh;
pub use telemetry::Telemetry;
