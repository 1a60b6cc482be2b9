//! The line of one exchange.

use ::http::Request;
use ::http::header::USER_AGENT;
use axum_core::body::Body;
use tracing::Level;

use super::options::Options;
use super::text::ShortText;
use crate::layers::observe::observer::Ended;
use crate::layers::operations::Protocol;
use crate::layers::outcome::Outcome;

/// The target of the lines.
pub(super) const TARGET: &str = "kit::access";

/// What a line needs of the request. Copies: a part of its head would keep the buffer of the whole
/// alive, as long as the exchange.
pub(crate) struct Line {
    /// The path, and the user agent behind it.
    text: ShortText,
    path: usize,
    has_user_agent: bool,
    shown: Option<Box<Shown>>,
}

/// What an option shows.
struct Shown {
    query: Option<String>,
    headers: Option<String>,
}

impl Line {
    pub(super) fn new(request: &Request<Body>, options: &Options) -> Line {
        let path = request.uri().path();
        let user_agent = request.headers().get(USER_AGENT);
        let user_agent = user_agent.and_then(|agent| agent.to_str().ok());
        Line {
            text: ShortText::new([path, user_agent.unwrap_or_default()]),
            path: path.len(),
            has_user_agent: user_agent.is_some(),
            shown: options.shows_more().then(|| Shown::new(request, options)),
        }
    }

    fn path(&self) -> &str {
        self.text.as_str().get(..self.path).unwrap_or_default()
    }

    fn user_agent(&self) -> Option<&str> {
        let agent = self.text.as_str().get(self.path..);
        agent.filter(|_| self.has_user_agent)
    }

    fn query(&self) -> Option<&str> {
        self.shown.as_ref()?.query.as_deref()
    }

    fn headers(&self) -> Option<&str> {
        self.shown.as_ref()?.headers.as_deref()
    }

    /// Writes it. A field that has no value is left out; the values are formatted only for a subscriber
    /// that wants the line.
    pub(super) fn write(&self, level: Level, ended: &Ended<'_>) {
        let (facts, outcome) = (ended.facts, &ended.outcome);
        // The level of an event is a constant.
        macro_rules! write_at {
            ($level:ident) => {
                tracing::event!(
                    target: TARGET,
                    Level::$level,
                    protocol = facts.protocol().as_str(),
                    operation = facts.operation().as_str(),
                    method = ended.method,
                    path = self.path(),
                    query = self.query(),
                    status = status(outcome),
                    grpc_code = outcome.grpc_name(),
                    end = outcome.end.as_str(),
                    duration_ms = outcome.took.as_secs_f64() * 1_000.0,
                    bytes_in = outcome.received.bytes,
                    bytes_out = outcome.sent.bytes,
                    messages_in = outcome.grpc.map(|_| outcome.received.messages),
                    messages_out = outcome.grpc.map(|_| outcome.sent.messages),
                    peer = ended.peer().map(tracing::field::display),
                    request_id = facts.trail().request_id.get().map(|named| named.id.as_str()),
                    trace_id = facts.trail().trace.get().map(|trace| tracing::field::display(trace.trace_id())),
                    user_agent = self.user_agent(),
                    headers = self.headers(),
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
}

impl Shown {
    #[cold]
    fn new(request: &Request<Body>, options: &Options) -> Box<Shown> {
        let query = request.uri().query().filter(|_| options.query);
        let names = &options.headers;
        let redaction = &options.redaction;
        Box::new(Shown {
            query: query.map(|query| redaction.query(query)),
            headers: (!names.is_empty()).then(|| redaction.headers(names, request.headers())),
        })
    }
}

/// That of gRPC is always 200.
fn status(outcome: &Outcome) -> Option<u16> {
    let status = outcome
        .status
        .filter(|_| outcome.protocol == Protocol::Http);
    status.map(|status| status.as_u16())
}
