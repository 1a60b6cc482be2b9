//! The series of a layer's metrics.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use ::metrics::{Counter, Gauge, Histogram, Label, SharedString, Unit};

use super::name_hash::BuildNameHasher;
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

/// All series so far. They are found at the beginning of each request, and added at the first of its
/// kind.
#[derive(Debug, Default)]
pub(super) struct AllSeries {
    http: RwLock<ByOperation>,
    grpc: RwLock<ByOperation>,
}

/// Those of the methods of an operation: few, so that a search from the first is fast.
type ByOperation = HashMap<Box<str>, Vec<Arc<SeriesOf>>, BuildNameHasher>;

impl AllSeries {
    /// Those of this operation and method. Another request may add them between both looks.
    pub(super) fn of(
        &self,
        protocol: Protocol,
        operation: &Operation,
        method: &'static str,
    ) -> Arc<SeriesOf> {
        let all = match protocol {
            Protocol::Http => &self.http,
            Protocol::Grpc => &self.grpc,
        };
        let operation = operation.as_str();
        let find = |of: &Vec<Arc<SeriesOf>>| {
            let found = of.iter().find(|of| of.method == method);
            found.map(Arc::clone)
        };
        let known = all.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(operation).and_then(find) {
            return found;
        }
        drop(known);
        let mut known = all.write().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            describe(protocol);
        }
        let of = known.entry(operation.into()).or_default();
        find(of).unwrap_or_else(|| {
            let series = Arc::new(SeriesOf::new(protocol, operation, method));
            of.push(Arc::clone(&series));
            series
        })
    }
}

/// The series of one operation and method.
#[derive(Debug)]
pub(super) struct SeriesOf {
    protocol: Protocol,
    operation: Box<str>,
    method: &'static str,
    active: Gauge,
    /// By how an exchange has ended: few.
    ended: RwLock<Vec<(HowEnded, EndedSeries)>>,
}

/// What tells exchanges apart that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HowEnded {
    code: Code,
    end: ExchangeEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    None,
    Status(u16),
    Name(&'static str),
}

impl HowEnded {
    fn new(outcome: &Outcome) -> HowEnded {
        let code = match (outcome.grpc_name(), outcome.status) {
            (Some(name), _) => Code::Name(name),
            (None, Some(status)) => Code::Status(status.as_u16()),
            (None, None) => Code::None,
        };
        let end = outcome.end;
        HowEnded { code, end }
    }
}

#[derive(Debug)]
struct EndedSeries {
    duration: Histogram,
    count: Counter,
}

impl SeriesOf {
    fn new(protocol: Protocol, operation: &str, method: &'static str) -> SeriesOf {
        let labels = labels(protocol, operation, method);
        SeriesOf {
            protocol,
            operation: operation.into(),
            method,
            active: ::metrics::gauge!(names(protocol).active, labels),
            ended: RwLock::default(),
        }
    }

    /// How many of its exchanges are in flight.
    pub(super) fn active(&self) -> &Gauge {
        &self.active
    }

    pub(super) fn is_of(&self, operation: &Operation) -> bool {
        *self.operation == *operation.as_str()
    }

    /// Records an exchange that has ended. Another one may add its series between both looks.
    pub(super) fn record(&self, outcome: &Outcome) {
        let how = HowEnded::new(outcome);
        let find = |all: &[(HowEnded, EndedSeries)]| {
            let mut all = all.iter();
            all.find_map(|(of, ended)| (*of == how).then(|| ended.record(outcome)))
        };
        let known = self.ended.read().unwrap_or_else(PoisonError::into_inner);
        if find(&known).is_some() {
            return;
        }
        drop(known);
        let mut known = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        if find(&known).is_none() {
            let ended = EndedSeries::new(self, how);
            ended.record(outcome);
            known.push((how, ended));
        }
    }
}

impl EndedSeries {
    fn new(of: &SeriesOf, how: HowEnded) -> EndedSeries {
        let mut labels = labels(of.protocol, &of.operation, of.method);
        let code: SharedString = match how.code {
            Code::None => "none".into(),
            Code::Status(status) => status.to_string().into(),
            Code::Name(name) => name.into(),
        };
        labels.push(Label::new("code", code));
        labels.push(Label::from_static_parts("end", how.end.as_str()));
        let names = names(of.protocol);
        EndedSeries {
            duration: ::metrics::histogram!(names.duration, labels.clone()),
            count: ::metrics::counter!(names.count, labels),
        }
    }

    fn record(&self, outcome: &Outcome) {
        self.duration.record(outcome.took.as_secs_f64());
        self.count.increment(1);
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
