//! The line of one exchange.

use ::http::Request;
use ::http::header::USER_AGENT;
use axum_core::body::Body;
use tracing::Level;

use super::options::Options;
use crate::CallContext;
use crate::exchange::handle::ExchangeHandle;
use crate::layers::facts::Facts;
use crate::layers::operations::Protocol;
use crate::layers::outcome::Outcome;
use crate::layers::span::method_name;

/// The target of the lines.
pub(super) const TARGET: &str = "kit::access";

/// What a line needs of the request. Copies: a part of its head would keep the buffer of the whole
/// alive, as long as the exchange.
pub(crate) struct Line {
    method: &'static str,
    path: Box<str>,
    query: Option<String>,
    headers: Option<String>,
    user_agent: Option<Box<str>>,
    exchange: Option<ExchangeHandle>,
}

impl Line {
    pub(super) fn new(request: &Request<Body>, options: &Options) -> Line {
        let (uri, headers) = (request.uri(), request.headers());
        let query = uri.query().filter(|_| options.query);
        let shown = &options.headers;
        let user_agent = headers
            .get(USER_AGENT)
            .and_then(|agent| agent.to_str().ok());
        let call = CallContext::of(request.extensions());
        Line {
            method: method_name(request.method()),
            path: uri.path().into(),
            query: query.map(|query| options.redaction.query(query)),
            headers: (!shown.is_empty()).then(|| options.redaction.headers(shown, headers)),
            user_agent: user_agent.map(Into::into),
            exchange: call.map(|call| call.exchange.clone()),
        }
    }

    /// Writes it. A field that has no value is left out; the values are formatted only for a subscriber
    /// that wants the line.
    pub(super) fn write(&self, level: Level, outcome: &Outcome, facts: &Facts) {
        // The level of an event is a constant.
        macro_rules! write_at {
            ($level:ident) => {
                tracing::event!(
                    target: TARGET,
                    Level::$level,
                    protocol = facts.protocol().as_str(),
                    operation = facts.operation().as_str(),
                    method = self.method,
                    path = &*self.path,
                    query = self.query.as_deref(),
                    status = self.status(outcome),
                    grpc_code = outcome.grpc_name(),
                    end = outcome.end.as_str(),
                    duration_ms = outcome.took.as_secs_f64() * 1_000.0,
                    bytes_in = outcome.received.bytes,
                    bytes_out = outcome.sent.bytes,
                    messages_in = outcome.grpc.map(|_| outcome.received.messages),
                    messages_out = outcome.grpc.map(|_| outcome.sent.messages),
                    peer = self.peer().map(tracing::field::display),
                    request_id = facts.trail().request_id.get().map(|named| named.id.as_str()),
                    trace_id = facts.trail().trace.get().map(|trace| tracing::field::display(trace.trace_id())),
                    user_agent = self.user_agent.as_deref(),
                    headers = self.headers.as_deref(),
                    "request"
                )
            };
        }
        match level {
            Level::ERROR => write_at!(ERROR),
            Level::WARN => write_at!(WARN),
            Level::INFO => write_at!(INFO),
            Level::DEBUG | Level::TRACE => write_at!(DEBUG),
        }
    }

    /// That of gRPC is always 200.
    fn status(&self, outcome: &Outcome) -> Option<u16> {
        let status = outcome
            .status
            .filter(|_| outcome.protocol == Protocol::Http);
        status.map(|status| status.as_u16())
    }

    fn peer(&self) -> Option<&crate::Address> {
        let peer = self.exchange.as_ref()?.about().peer();
        peer.map(|peer| &peer.remote)
    }
}
