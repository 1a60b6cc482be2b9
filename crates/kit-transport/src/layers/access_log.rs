//! The layer that logs each exchange.

use std::fmt;
use std::sync::Arc;

use ::http::{HeaderName, Request};
use axum_core::body::Body;
use tracing::Level;

use super::facts::Facts;
use super::observe::observer::{Ended, Observer};
use super::observe::service::{Watch, watching};
use super::select::Select;

mod line;
mod options;
mod redact;
mod text;

use line::{Line, TARGET};
use options::{Options, level};
use redact::Redaction;

/// Logs one line for each exchange, at the end of its response's body: a stream when it has ended, a
/// WebSocket of Kit's when it is closed (one of axum's when it begins).
///
/// The target is `kit::access`, the message `request`. The fields are `protocol` (`http` or `grpc`),
/// `operation`, `method`, `path`, `query` (an option), `status` of HTTP or `grpc_code`, `end`, `duration_ms`,
/// `bytes_in`, `bytes_out`, on gRPC `messages_in` and `messages_out`, `peer`, `request_id`, `trace_id`,
/// `user_agent` and `headers` (an option). Bytes are those of bodies, as far as the handler has read
/// and the connection has taken them. `end` is `whole`; or `failed`, when the body failed; `panicked`;
/// `cut`, at a drain; `late`, when a limit passed; `gone`, when the client went away.
///
/// The level is `info`; `warn` for 429, 503, 504, `cut` and `late`; `error` for all other 5xx, `failed` and
/// `panicked`. On gRPC `RESOURCE_EXHAUSTED`, `UNAVAILABLE` and `DEADLINE_EXCEEDED`
/// are `warn`, and `UNKNOWN`, `INTERNAL` and `DATA_LOSS` are `error`. Health, reflection and
/// [probes](crate::http::probes) are `debug` where they were not `error`.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::layers::{self, Select};
/// use kit_transport::http;
///
/// let router = Router::new().route("/hello", get(|| async { "Hello" }));
/// let log = layers::access_log()
///     .quiet(Select::prefix("/assets/"))
///     .sample_one_in(100);
/// let server = http::Server::new(":8000", router).layers(log);
/// ```
#[must_use]
pub fn access_log() -> AccessLog {
    AccessLog(Arc::new(Options {
        quiet: None,
        sampled: 1,
        query: false,
        headers: Vec::new(),
        redaction: Redaction::default(),
        successes: Arc::default(),
    }))
}

/// A layer that logs each exchange; from [`access_log`].
#[derive(Clone)]
pub struct AccessLog(Arc<Options>);

impl AccessLog {
    /// Logs these requests at `debug` as well, unless they end with an `error`. Replaces what was
    /// selected before.
    #[must_use]
    pub fn quiet(self, select: Select) -> AccessLog {
        self.with(|options| options.quiet = Some(select))
    }

    /// Logs one of `count` successes, and none for 0. Everything else is always logged: statuses from
    /// 400 on, codes of gRPC but `OK`, and what did not end whole. All by default.
    #[must_use]
    pub fn sample_one_in(self, count: u64) -> AccessLog {
        self.with(|options| options.sampled = count)
    }

    /// Logs queries, too. Values of parameters such as `token`, `password`, `key` or `signature` are
    /// redacted, and of those that [`redact_parameter`](Self::redact_parameter) names.
    #[must_use]
    pub fn query(self) -> AccessLog {
        self.with(|options| options.query = true)
    }

    /// Logs this header of requests, too; may be called for several. `Authorization`, `Cookie` and others
    /// that carry secrets are redacted, and those that [`redact_header`](Self::redact_header) names.
    #[must_use]
    pub fn header(self, name: HeaderName) -> AccessLog {
        self.with(|options| options.headers.push(name))
    }

    /// Redacts the values of this header; may be called for several.
    #[must_use]
    pub fn redact_header(self, name: HeaderName) -> AccessLog {
        self.with(|options| options.redaction.headers.push(name))
    }

    /// Redacts the values of this parameter of a query, whose name is compared without regard to case;
    /// may be called for several.
    #[must_use]
    pub fn redact_parameter(self, name: impl Into<String>) -> AccessLog {
        self.with(|options| options.redaction.parameters.push(name.into()))
    }

    fn with(mut self, change: impl FnOnce(&mut Options)) -> AccessLog {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Watch for AccessLog {
    type Observer = LogObserver;

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<LogObserver> {
        // The last level that a filter leaves out.
        if !tracing::enabled!(target: TARGET, Level::ERROR) {
            return None;
        }
        Some(LogObserver {
            line: Line::new(request, &self.0),
            is_quiet: self.0.is_quiet(request, facts),
            options: Arc::clone(&self.0),
        })
    }
}

/// Writes the line of an exchange.
pub(crate) struct LogObserver {
    line: Line,
    is_quiet: bool,
    options: Arc<Options>,
}

impl Observer for LogObserver {
    fn counts_received(&self) -> bool {
        true
    }

    fn end(&mut self, ended: &Ended<'_>) {
        let outcome = &ended.outcome;
        if outcome.is_success() && !self.options.takes_success() {
            return;
        }
        self.line.write(level(outcome, self.is_quiet), ended);
    }
}

watching!(AccessLog, AccessLogService, AccessLogFuture, "access_log");
