//! The one span of a request, with OpenTelemetry's names.

use std::fmt;

use ::http::{Method, Request};
use tracing::field::{Empty, display};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Span, span};

use super::facts::Facts;
use super::observe::observer::Ended;
use super::operations::Protocol;
use super::outcome::ExchangeEnd;
use super::trace::context::TraceContext;

/// The target and the level of spans.
const TARGET: &str = "kit::request";
const LEVEL: Level = Level::INFO;

/// The span of a request, for the layer that opens it. At the end it is over for all.
pub(super) struct RequestSpan(Span);

impl RequestSpan {
    /// Opens it, if no layer outside has; `None` also if no subscriber wants it.
    ///
    /// All fields are declared here, whichever layer knows them: those that are not known yet are
    /// recorded later. The name of an operation that may still become another one is among them.
    #[inline]
    pub(super) fn open<B>(request: &Request<B>, facts: &Facts) -> Option<RequestSpan> {
        if LEVEL > LevelFilter::current() {
            return None;
        }
        let span = facts.trail().span.open(|| make(request, facts))?;
        (!span.is_disabled()).then_some(RequestSpan(span))
    }

    /// Records what a layer knows in the span of a request, if there is one.
    #[inline]
    pub(super) fn record(facts: &Facts, record: impl FnOnce(&Span)) {
        if LEVEL > LevelFilter::current() {
            return;
        }
        let span = facts.trail().span.get();
        if !span.is_disabled() {
            record(&span);
        }
    }

    pub(super) fn get(&self) -> &Span {
        &self.0
    }

    /// Records how the exchange went.
    pub(super) fn end(&self, ended: &Ended<'_>) {
        let (span, facts, outcome) = (&self.0, ended.facts, &ended.outcome);
        if !facts.is_settled() {
            SpanNames::of(facts, ended.method).record(span);
        }
        if let Some(code) = outcome.grpc_name() {
            span.record("rpc.response.status_code", code);
        } else if let Some(status) = outcome.status {
            span.record("http.response.status_code", status.as_u16());
        }
        if outcome.is_error() {
            span.record("otel.status_code", "ERROR");
            match (outcome.end, outcome.grpc_name(), outcome.status) {
                (ExchangeEnd::Whole, Some(code), _) => span.record("error.type", code),
                (ExchangeEnd::Whole, None, Some(status)) => {
                    span.record("error.type", status.as_str())
                }
                (end, ..) => span.record("error.type", end.as_str()),
            };
        }
        facts.trail().span.end();
    }
}

/// Fields that are known already stand in it from the beginning: that costs less than to record them later.
fn make<B>(request: &Request<B>, facts: &Facts) -> Span {
    let method = method_name(request.method());
    let names = facts.is_settled().then(|| SpanNames::of(facts, method));
    let trail = facts.trail();
    let (id, trace) = (trail.request_id.get(), trail.trace.get());
    span!(
        target: TARGET,
        LEVEL,
        "request",
        otel.name = names.map(|names| display(names.span)),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = names.and_then(|names| names.route),
        http.response.status_code = Empty,
        url.path = request.uri().path(),
        rpc.system.name = names.and_then(|names| names.system()),
        rpc.method = names.and_then(|names| names.call),
        rpc.response.status_code = Empty,
        error.type = Empty,
        trace_id = trace.map(|trace| display(trace.trace_id())),
        span_id = trace.map(|trace| display(trace.span_id())),
        parent_span_id = trace.and_then(TraceContext::parent_id).map(display),
        trace_flags = trace.map(TraceContext::flags),
        trace_state = trace.and_then(TraceContext::state),
        request_id = id.map(|named| named.id.as_str()),
    )
}

/// The operation, as the fields of a span have it.
#[derive(Clone, Copy)]
struct SpanNames<'a> {
    span: SpanName<'a>,
    route: Option<&'a str>,
    /// The method of a call.
    call: Option<&'a str>,
}

/// HTTP's is named with the method; a route that is not known has no name.
#[derive(Clone, Copy)]
struct SpanName<'a> {
    method: Option<&'a str>,
    operation: Option<&'a str>,
}

impl fmt::Display for SpanName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.method, self.operation) {
            (Some(method), Some(operation)) => write!(f, "{method} {operation}"),
            (method, operation) => f.write_str(method.or(operation).unwrap_or_default()),
        }
    }
}

impl<'a> SpanNames<'a> {
    fn of(facts: &'a Facts, method: &'a str) -> SpanNames<'a> {
        let operation = facts.operation();
        match facts.protocol() {
            Protocol::Http => {
                let route = operation.is_matched().then(|| operation.as_str());
                let span = SpanName {
                    method: Some(method),
                    operation: route,
                };
                let call = None;
                SpanNames { span, route, call }
            }
            Protocol::Grpc => {
                let call = Some(operation.as_str().trim_start_matches('/'));
                let span = SpanName {
                    method: None,
                    operation: call,
                };
                let route = None;
                SpanNames { span, route, call }
            }
        }
    }

    fn system(&self) -> Option<&'static str> {
        self.call.map(|_| "grpc")
    }

    fn record(&self, span: &Span) {
        span.record("otel.name", display(self.span));
        if let Some(route) = self.route {
            span.record("http.route", route);
        }
        if let Some(call) = self.call {
            span.record("rpc.system.name", self.system());
            span.record("rpc.method", call);
        }
    }
}

/// The name of a method that HTTP knows; clients cannot invent one.
pub(super) fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}
