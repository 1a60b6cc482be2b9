//! One exchange, as a layer observes it.

use std::mem;
use std::sync::Arc;

use ::http::header::CONTENT_LENGTH;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use axum_core::body::Body;
use bytes::Bytes;
use http_body::Frame;
use tokio::time::Instant;
use tracing::Span;

use super::observer::{Ended, Observer};
use crate::exchange::exchanges::Verdict;
use crate::exchange::handle::ExchangeHandle;
use crate::exchange::messages::Messages;
use crate::layers::facts::Facts;
use crate::layers::next::catch;
use crate::layers::operations::Protocol;
use crate::layers::outcome::{Amount, ExchangeEnd, Outcome};
use crate::layers::span::method_name;

/// The header or trailer that has the status of a call.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// An observer with what it is shown at the end, which is when this is dropped.
pub(crate) struct Observation<O: Observer> {
    observer: O,
    facts: Arc<Facts>,
    exchange: Option<ExchangeHandle>,
    method: &'static str,
    began: Instant,
    stage: Stage,
    head: Head,
    messages: Option<Messages>,
    sent: Amount,
}

/// What the head of the response says, once it is there.
#[derive(Default)]
struct Head {
    /// The body of the response is none, or not sent, because the request asks for its head.
    has_no_body: bool,
    status: Option<StatusCode>,
    grpc: Option<u8>,
    /// How many bytes it has said.
    length: Option<u64>,
}

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The handler or the body runs, or would be asked next.
    Open,
    /// It is being polled.
    Polled,
    Failed,
    Whole,
    /// The connection is a tunnel, which says itself how it ends.
    Tunnel,
}

impl<O: Observer> Observation<O> {
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) fn new(
        observer: O,
        request: &Request<Body>,
        facts: Arc<Facts>,
        exchange: Option<ExchangeHandle>,
    ) -> Observation<O> {
        let messages = (facts.protocol() == Protocol::Grpc).then(Messages::default);
        let head = Head {
            has_no_body: request.method() == Method::HEAD,
            ..Head::default()
        };
        Observation {
            observer,
            facts,
            exchange,
            method: method_name(request.method()),
            began: Instant::now(),
            stage: Stage::Open,
            head,
            messages,
            sent: Amount::default(),
        }
    }

    /// In which all parts of the exchange run.
    pub(super) fn span(&self) -> Option<&Span> {
        self.observer.span()
    }

    /// Runs what is no part of the exchange in its span.
    pub(super) fn in_span<T>(&self, part: impl FnOnce() -> T) -> T {
        match self.observer.span() {
            Some(span) => span.in_scope(part),
            None => part(),
        }
    }

    /// Whether the observer wants to see more than the head.
    pub(super) fn follows(&self) -> bool {
        self.observer.follows()
    }

    /// Runs part of the exchange in the observer's span. One that does not come to its end has panicked.
    #[inline]
    pub(super) fn run<T>(&mut self, part: impl FnOnce() -> T) -> T {
        let before = mem::replace(&mut self.stage, Stage::Polled);
        let entered = self.observer.span().map(Span::enter);
        let result = part();
        drop(entered);
        self.stage = before;
        result
    }

    /// Runs part of the service inside. A panic is an answer like any other, which the observer sees; it goes
    /// on where no server of Kit's is outside.
    pub(super) fn run_service<T>(&mut self, part: impl FnOnce(&Arc<Facts>) -> T) -> Result<T, ()> {
        let before = mem::replace(&mut self.stage, Stage::Polled);
        let entered = self.observer.span().map(Span::enter);
        let result = catch(self.exchange.as_ref(), || part(&self.facts));
        drop(entered);
        self.stage = before;
        result
    }

    pub(super) fn mark_failed(&mut self) {
        self.stage = Stage::Failed;
    }

    /// Nothing follows. A body that has failed is not whole.
    pub(super) fn mark_whole(&mut self) {
        if self.stage != Stage::Failed {
            self.stage = Stage::Whole;
        }
    }

    /// The head of the response is there. Its facts matter only to an observer that follows.
    pub(super) fn record_head<B: http_body::Body>(&mut self, response: &mut Response<B>) {
        self.observer.head(response.headers_mut(), &self.facts);
        if !self.observer.follows() {
            return;
        }
        let (status, headers) = (response.status(), response.headers());
        let head = &mut self.head;
        head.status = Some(status);
        if self.facts.protocol() == Protocol::Grpc {
            head.grpc = grpc_status(headers);
        }
        // Most bodies know it, and a look into the headers costs more.
        head.length = response.body().size_hint().exact().or_else(|| {
            let length = headers.get(CONTENT_LENGTH)?;
            length.to_str().ok()?.parse().ok()
        });
        // hyper asks such a body for nothing.
        head.has_no_body |= matches!(
            status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::SWITCHING_PROTOCOLS
        );
        if head.has_no_body || response.body().is_end_stream() {
            self.stage = Stage::Whole;
        }
    }

    /// A part of the body is there.
    pub(super) fn record_frame(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.sent.bytes += data.len() as u64;
            let messages = self.messages.as_mut();
            self.sent.messages += messages.map_or(0, |messages| messages.record(data));
            // hyper asks for no more than the head has said.
            if self.head.length == Some(self.sent.bytes) && self.messages.is_none() {
                self.stage = Stage::Whole;
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            self.head.grpc = grpc_status(trailers).or(self.head.grpc);
            self.stage = Stage::Whole;
        }
    }

    /// Whether the connection has become a tunnel that its handler follows to its end; the observation
    /// ends with it then.
    pub(super) fn is_of_tunnel(&self) -> bool {
        let tunnel = &self.facts.trail().tunnel;
        self.head
            .status
            .is_some_and(|status| tunnel.begins_with(status))
    }

    pub(super) fn hold_in_tunnel(mut self) {
        self.stage = Stage::Tunnel;
        let facts = Arc::clone(&self.facts);
        facts.trail().tunnel.hold(self);
    }

    /// How it has ended, now that it is dropped.
    fn end(&self) -> ExchangeEnd {
        let exchange = self.exchange.as_ref();
        let verdict = exchange.and_then(|of| of.exchanges().verdict_of(of.key()));
        match self.stage {
            // What a handler makes of the cut, such as of a body that breaks off, never leaves.
            Stage::Whole if verdict == Some(Verdict::Cut) => return ExchangeEnd::Cut,
            Stage::Whole => return ExchangeEnd::Whole,
            Stage::Failed => return ExchangeEnd::Failed,
            Stage::Polled => return ExchangeEnd::Panicked,
            Stage::Tunnel => return self.facts.trail().tunnel.how_it_ended(),
            Stage::Open => {}
        }
        let has_panicked =
            |exchange: &ExchangeHandle| exchange.exchanges().has_panicked(exchange.key());
        // A layer outside of this one.
        if std::thread::panicking() || exchange.is_some_and(has_panicked) {
            return ExchangeEnd::Panicked;
        }
        match verdict {
            Some(Verdict::Cut) => ExchangeEnd::Cut,
            Some(Verdict::TimedOut(_)) => ExchangeEnd::Late,
            Some(Verdict::Wait) | None => ExchangeEnd::Gone,
        }
    }

    /// The status that the client of a call gets, or makes of the end.
    fn grpc_of(&self, end: ExchangeEnd) -> Option<u8> {
        if self.facts.protocol() != Protocol::Grpc {
            return None;
        }
        Some(match end {
            ExchangeEnd::Whole => self.head.grpc.unwrap_or(2),
            ExchangeEnd::Failed | ExchangeEnd::Panicked => 13,
            ExchangeEnd::Cut => 14,
            ExchangeEnd::Late => 4,
            ExchangeEnd::Gone => 1,
        })
    }
}

fn grpc_status(headers: &HeaderMap) -> Option<u8> {
    let status = headers.get(&GRPC_STATUS).map(HeaderValue::to_str)?;
    // One that is no number is unknown.
    Some(status.ok()?.parse().unwrap_or(2))
}

impl<O: Observer> Drop for Observation<O> {
    fn drop(&mut self) {
        if !self.observer.follows() {
            return;
        }
        // A layer that ends with a tunnel runs in no other one.
        let span = (self.stage == Stage::Tunnel).then(|| self.facts.trail().span.get());
        let _entered = span.as_ref().map(Span::enter);
        let end = self.end();
        let outcome = Outcome {
            protocol: self.facts.protocol(),
            status: self.head.status,
            grpc: self.grpc_of(end),
            end,
            took: self.began.elapsed(),
            sent: self.sent,
            received: self.facts.trail().received.amount(),
        };
        self.observer.end(&Ended {
            outcome,
            facts: &self.facts,
            method: self.method,
            exchange: self.exchange.as_ref(),
        });
    }
}
