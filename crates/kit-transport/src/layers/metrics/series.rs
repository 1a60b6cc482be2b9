//! The series of a layer's metrics.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use ::metrics::{Counter, Gauge, Histogram, Label, SharedString, Unit};

use crate::layers::operations::{Operation, Protocol};
use crate::layers::outcome::{ExchangeEnd, Outcome};

/// The names of one protocol's metrics, as OpenTelemetry's are written for Prometheus.
struct SeriesNames {
    duration: &'static str,
    count: &'static str,
    active: &'static str,
}

const HTTP: SeriesNames = SeriesNames {
    duration: "http_server_request_duration_seconds",
    count: "http_server_requests_total",
    active: "http_server_active_requests",
};

const GRPC: SeriesNames = SeriesNames {
    duration: "rpc_server_call_duration_seconds",
    count: "rpc_server_calls_total",
    active: "rpc_server_active_calls",
};

/// All series so far. They are read at each request, and written at the first of its kind.
#[derive(Debug, Default)]
pub(super) struct AllSeries {
    http: RwLock<HashMap<String, OfOperation>>,
    grpc: RwLock<HashMap<String, OfOperation>>,
}

/// Those of one operation: few, so that a search from the first is fast.
#[derive(Debug, Default)]
struct OfOperation {
    active: Vec<(&'static str, Gauge)>,
    ended: Vec<(SeriesKind, Ended)>,
}

/// What tells exchanges of one operation apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeriesKind {
    method: &'static str,
    code: Code,
    end: ExchangeEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    None,
    Status(u16),
    Name(&'static str),
}

impl SeriesKind {
    pub(super) fn new(method: &'static str, outcome: &Outcome) -> SeriesKind {
        let code = match (outcome.grpc_name(), outcome.status) {
            (Some(name), _) => Code::Name(name),
            (None, Some(status)) => Code::Status(status.as_u16()),
            (None, None) => Code::None,
        };
        let end = outcome.end;
        SeriesKind { method, code, end }
    }
}

#[derive(Debug)]
struct Ended {
    duration: Histogram,
    count: Counter,
}

impl AllSeries {
    /// How many exchanges of this operation and method are in flight.
    pub(super) fn active(
        &self,
        protocol: Protocol,
        operation: &Operation,
        method: &'static str,
    ) -> Gauge {
        let operation = operation.as_str();
        let find = |of: &OfOperation| {
            let mut active = of.active.iter();
            active.find_map(|(of, gauge)| (*of == method).then(|| gauge.clone()))
        };
        self.find_or_add(protocol, operation, find, |of| {
            let labels = labels(protocol, operation, method);
            let gauge = ::metrics::gauge!(names(protocol).active, labels);
            of.active.push((method, gauge.clone()));
            gauge
        })
    }

    /// Records an exchange that has ended.
    pub(super) fn record(&self, operation: &Operation, kind: SeriesKind, outcome: &Outcome) {
        let (protocol, operation) = (outcome.protocol, operation.as_str());
        let record = |ended: &Ended| {
            ended.duration.record(outcome.took.as_secs_f64());
            ended.count.increment(1);
        };
        let find = |of: &OfOperation| {
            let ended = of.ended.iter().find(|(of, _)| *of == kind);
            ended.map(|(_, ended)| record(ended))
        };
        self.find_or_add(protocol, operation, find, |of| {
            let ended = Ended::new(protocol, operation, kind);
            record(&ended);
            of.ended.push((kind, ended));
        });
    }

    /// Finds something of an operation, or else adds it. Another request may have added it between
    /// both looks.
    fn find_or_add<T>(
        &self,
        protocol: Protocol,
        operation: &str,
        find: impl Fn(&OfOperation) -> Option<T>,
        add: impl FnOnce(&mut OfOperation) -> T,
    ) -> T {
        let all = match protocol {
            Protocol::Http => &self.http,
            Protocol::Grpc => &self.grpc,
        };
        let known = all.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(operation).and_then(&find) {
            return found;
        }
        drop(known);
        let mut known = all.write().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            describe(protocol);
        }
        let of = known.entry(operation.to_owned()).or_default();
        find(of).unwrap_or_else(|| add(of))
    }
}

impl Ended {
    fn new(protocol: Protocol, operation: &str, kind: SeriesKind) -> Ended {
        let mut labels = labels(protocol, operation, kind.method);
        let code: SharedString = match kind.code {
            Code::None => "none".into(),
            Code::Status(status) => status.to_string().into(),
            Code::Name(name) => name.into(),
        };
        labels.push(Label::new("code", code));
        labels.push(Label::from_static_parts("end", kind.end.as_str()));
        let names = names(protocol);
        Ended {
            duration: ::metrics::histogram!(names.duration, labels.clone()),
            count: ::metrics::counter!(names.count, labels),
        }
    }
}

fn labels(protocol: Protocol, operation: &str, method: &'static str) -> Vec<Label> {
    vec![
        Label::from_static_parts("protocol", protocol.as_str()),
        Label::new("operation", operation.to_owned()),
        Label::from_static_parts("method", method),
    ]
}

fn names(protocol: Protocol) -> &'static SeriesNames {
    match protocol {
        Protocol::Http => &HTTP,
        Protocol::Grpc => &GRPC,
    }
}

fn describe(protocol: Protocol) {
    let names = names(protocol);
    let duration = "the time from a request to the end of its response";
    ::metrics::describe_histogram!(names.duration, Unit::Seconds, duration);
    let count = "requests whose response has ended";
    ::metrics::describe_counter!(names.count, Unit::Count, count);
    let active = "requests whose response has not ended";
    ::metrics::describe_gauge!(names.active, Unit::Count, active);
}
