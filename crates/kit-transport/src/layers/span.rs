//! The one span of a request, with OpenTelemetry's names.

use std::sync::Arc;

use ::http::{Method, Request};
use axum_core::body::Body;
use tracing::field::{Empty, display};
use tracing::{Span, info_span};

use super::facts::Facts;
use super::operations::Protocol;
use super::outcome::{ExchangeEnd, Outcome};

/// The span of a request, for the layer that opens it. At the end it is over for all.
pub(super) struct RequestSpan(Span);

impl RequestSpan {
    /// Opens it, if no layer outside has; `None` also if no subscriber wants it.
    ///
    /// All fields are declared here, whichever layer knows them: those that are not known yet are
    /// recorded later. The name of an operation that may still become another one is among them.
    pub(super) fn open(request: &Request<Body>, facts: &Arc<Facts>) -> Option<RequestSpan> {
        let span = facts.trail().span.open(|| {
            let span = info_span!(
                target: "kit::request",
                "request",
                otel.name = Empty,
                otel.kind = "server",
                otel.status_code = Empty,
                http.request.method = method_name(request.method()),
                http.route = Empty,
                http.response.status_code = Empty,
                url.path = request.uri().path(),
                rpc.system.name = Empty,
                rpc.method = Empty,
                rpc.response.status_code = Empty,
                error.type = Empty,
                trace_id = Empty,
                span_id = Empty,
                request_id = Empty,
            );
            if facts.is_settled() && !span.is_disabled() {
                name(&span, facts, request.method());
            }
            span
        })?;
        (!span.is_disabled()).then_some(RequestSpan(span))
    }

    pub(super) fn get(&self) -> &Span {
        &self.0
    }

    /// Records how the exchange went.
    pub(super) fn end(&self, method: &Method, outcome: &Outcome, facts: &Facts) {
        let span = &self.0;
        if !facts.is_settled() {
            name(span, facts, method);
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

/// Records the operation. HTTP's is named with the method; a route that is not known has no name.
fn name(span: &Span, facts: &Facts, method: &Method) {
    let operation = facts.operation();
    let method = method_name(method);
    match facts.protocol() {
        Protocol::Http if operation.is_matched() => {
            span.record("otel.name", display(format_args!("{method} {operation}")));
            span.record("http.route", operation.as_str());
        }
        Protocol::Http => {
            span.record("otel.name", method);
        }
        Protocol::Grpc => {
            let name = operation.as_str().trim_start_matches('/');
            span.record("otel.name", name);
            span.record("rpc.system.name", "grpc");
            span.record("rpc.method", name);
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
