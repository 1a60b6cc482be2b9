//! Spans as a collector sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::metrics::{Metrics, MetricsOptions};
use crate::otlp::{Otlp, OtlpOptions};
use crate::redact::Redaction;

/// The limit of an attempt to send, unless it is set.
pub(super) const ATTEMPT: Duration = Duration::from_secs(10);
/// By then, what is waited for has come.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(super) const SPAN: &str = "53995c3f42cd8ad8";
pub(super) const CALLER: &str = "00f067aa0ba902b7";

/// A span, with its resource and its scope.
#[derive(Debug)]
pub(super) struct SeenSpan {
    pub(super) resource: BTreeMap<String, String>,
    pub(super) scope: String,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct Spans(pub(super) Vec<SeenSpan>);

impl Spans {
    pub(super) fn of(request: ExportTraceServiceRequest) -> Spans {
        let mut seen = Vec::new();
        for of_resource in request.resource_spans {
            let resource = texts(&of_resource.resource.unwrap_or_default().attributes);
            for of_scope in of_resource.scope_spans {
                let scope = of_scope.scope.unwrap_or_default().name;
                seen.extend(of_scope.spans.into_iter().map(|span| SeenSpan {
                    resource: resource.clone(),
                    scope: scope.clone(),
                    span,
                }));
            }
        }
        Spans(seen)
    }

    #[track_caller]
    pub(super) fn named(&self, name: &str) -> &SeenSpan {
        let found = self.0.iter().find(|seen| seen.span.name == name);
        found.unwrap_or_else(|| panic!("no span `{name}`: {self:#?}"))
    }
}

impl SeenSpan {
    pub(super) fn trace(&self) -> String {
        hex(&self.span.trace_id)
    }

    pub(super) fn id(&self) -> String {
        hex(&self.span.span_id)
    }

    pub(super) fn parent(&self) -> String {
        hex(&self.span.parent_span_id)
    }

    pub(super) fn attributes(&self) -> BTreeMap<String, String> {
        texts(&self.span.attributes)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match pair.value.clone().and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes
        .iter()
        .map(|pair| (pair.key.clone(), text(pair)))
        .collect()
}

/// The export of a service to the collector of these options.
pub(super) fn started(options: &OtlpOptions) -> Otlp {
    started_without(options, &["card"])
}

/// The same, without the values of these keys, beside those that are always redacted.
pub(super) fn started_without(options: &OtlpOptions, keys: &[&str]) -> Otlp {
    let metrics = Metrics::new(&MetricsOptions::default());
    let keys: Vec<_> = keys.iter().map(|&key| key.to_owned()).collect();
    started_with(options, &metrics, &Redaction::new(&keys))
}

/// The same, with these metrics.
pub(super) fn measured(options: &OtlpOptions, metrics: &Metrics) -> Otlp {
    started_with(options, metrics, &Redaction::new(&[]))
}

fn started_with(options: &OtlpOptions, metrics: &Metrics, redaction: &Redaction) -> Otlp {
    let started = Otlp::start(options, "orders", metrics, redaction);
    started
        .expect("the options are right")
        .expect("there is a collector")
}

/// Records on this thread what happens inside.
pub(super) fn recorded<T>(otlp: &Otlp, work: impl FnOnce() -> T) -> T {
    let subscriber = tracing_subscriber::registry().with(otlp.layer());
    tracing::subscriber::with_default(subscriber, work)
}

/// This number of spans end.
pub(super) fn end_spans(otlp: &Otlp, count: u64) {
    recorded(otlp, || {
        for number in 0..count {
            drop(tracing::info_span!("work", number));
        }
    });
}
