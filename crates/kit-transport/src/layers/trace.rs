//! The layer that takes part in a trace.

use ::http::Request;
use axum_core::body::Body;
use tracing::Span;
use tracing::field::display;

use super::facts::Facts;
use super::observe::observer::{Ended, Observer};
use super::observe::service::{Watch, watching};
use super::span::RequestSpan;
use crate::{CallContext, TraceSampling};

pub(super) mod context;
pub(super) mod ids;
pub(super) mod slot;
mod state;

/// Takes part in a trace by [W3C Trace Context](https://www.w3.org/TR/trace-context/): the one of the
/// header `traceparent` if it is well-formed, otherwise a new one.
///
/// The handler and its body run in a span (target `kit::request`, level `info`), which is named by the
/// operation and has OpenTelemetry's fields: `otel.name`, `otel.kind`, `http.request.method`,
/// `http.route`, `url.path`, `rpc.system.name`, `rpc.method`, `trace_id`, `span_id`, `parent_span_id`,
/// `trace_flags`, `trace_state`, `request_id`, and at
/// the end `http.response.status_code` or `rpc.response.status_code`, and `otel.status_code` and
/// `error.type` of a failure. It is the span of [`request_id`](super::request_id()) as well: whichever of
/// both is outermost opens it.
///
/// [`Current::propagate`](super::Current::propagate) hands the trace on to outgoing calls, with this
/// request's span as their parent. [`CallContext::trace`](crate::CallContext::trace) gives it to a bridge
/// to a tracing system. This layer itself exports nothing.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::{http, layers};
///
/// let router = Router::new().route("/hello", get(|| async { "Hello" }));
/// let server = http::Server::new(":8000", router).layers(layers::trace());
/// ```
#[must_use]
pub fn trace() -> Traces {
    Traces { sampling: None }
}

/// A layer that takes part in traces; from [`trace`].
#[derive(Clone, Debug)]
pub struct Traces {
    /// Of the traces that begin here; `None` as the app says.
    sampling: Option<TraceSampling>,
}

impl Traces {
    /// Of the traces that begin here, marks one in `count` as *sampled*, at random; none for 0. A trace
    /// that a caller has begun stays as the caller has it.
    ///
    /// By default the app decides by the [`TraceSampling`] among its values, which telemetry gives it
    /// that exports; all of them are marked where there is none.
    #[must_use]
    pub fn sample_one_in(self, count: u64) -> Traces {
        let sampling = Some(TraceSampling::one_in(count));
        Traces { sampling }
    }
}

impl Watch for Traces {
    type Observer = TraceObserver;

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<TraceObserver> {
        let trace = &facts.trail().trace;
        trace.take_part(request.headers(), || {
            let of_app = || CallContext::of(request.extensions())?.app::<TraceSampling>();
            let sampling = self.sampling.or_else(|| of_app().copied());
            sampling.unwrap_or_default()
        });
        let span = RequestSpan::open(request, facts);
        if span.is_none() {
            RequestSpan::record(facts, |span| {
                if let Some(context) = trace.get() {
                    span.record("trace_id", display(context.trace_id()));
                    span.record("span_id", display(context.span_id()));
                    span.record("parent_span_id", context.parent_id().map(display));
                    span.record("trace_flags", context.flags());
                    span.record("trace_state", context.state());
                }
            });
        }
        span.map(TraceObserver)
    }
}

/// Ends the span of a request.
pub(crate) struct TraceObserver(RequestSpan);

impl Observer for TraceObserver {
    fn span(&self) -> Option<&Span> {
        Some(self.0.get())
    }

    fn end(&mut self, ended: &Ended<'_>) {
        self.0.end(ended);
    }
}

watching!(Traces, TraceService, TraceFuture, "trace");
