//! Spans of `tracing` become spans of OpenTelemetry.

mod fields;
mod ids;
mod layer;
mod open;

pub(super) use layer::{Recorder, become_exporter};
