//! Traces and metrics to a collector of OpenTelemetry, over OTLP by gRPC or HTTP.
//!
//! Spans of `tracing` are recorded where they happen and put into a bounded queue. A thread named
//! `kit otlp`, with a runtime that nothing else shares, sends them in batches. The queue never blocks: what
//! finds it full is dropped and counted. So a collector that is down, slow, or accepts and never answers
//! costs spans and a warning now and then, and neither a request nor a stop waits for it.
//!
//! # The trace of a request
//! Inside `kit_transport::layers::trace()` the span of a request (target `kit::request`) is exported with the
//! trace id, the span id, the parent and the flags that the layer has found or made: those in the log and in
//! the `traceparent` of outgoing calls. Spans inside it are its children. Whether a trace that begins in this
//! process is recorded is one decision for both, `sample_ratio`; a trace of a caller's is recorded
//! if the caller has it so.
//!
//! # Metrics
//! All [metrics](crate::metrics) are exported as well, under the names of their page: by default each minute, and once more at the end. Counters and histograms are
//! cumulative; an export that fails is followed by one with newer values.
//!
//! # Names
//! A span's attributes are its fields. `otel.name`, `otel.kind`, `otel.status_code` and
//! `otel.status_description` set the name, the kind and the status. Events inside a span are its events.
//! At most 128 attributes and 128 events of a span are kept, 128 attributes of an event, 4 KiB of a text, and about 64 KiB
//! in all; the rest is counted in the span.

mod batch;
mod check;
mod control;
mod exporter;
mod flush;
mod flushed;
mod headers;
mod in_app;
mod measure;
mod options;
mod queue;
mod record;
mod resource;
mod tally;
mod thread;
mod warnings;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use check::wrong_options;
pub use headers::OtlpHeaders;
pub use options::{OtlpOptions, OtlpProtocol};
pub(crate) use thread::Otlp;
