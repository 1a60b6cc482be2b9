//! A limit for the time in which a request is answered.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::{HeaderName, Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::{Layer, Service};

use super::facts::Facts;
use super::grpc;
use super::known::facts_of;
use super::operations::Protocol;
use super::refusable::Refusable;
use super::reply::reply;
use super::select::Select;
use super::time_left::read_http;
use crate::ApiError;
use crate::time::after;

/// Limits the time from here to the head of the response, by this and by what the client asks for: the
/// sooner holds. `None` leaves it to the client.
///
/// A handler that takes longer is dropped, which is all that it learns, and the answer is 504 or
/// `DEADLINE_EXCEEDED`, with the reason `REQUEST_TIMEOUT`. The head of a unary call is there when its handler
/// has ended; of a stream the body takes as long as it takes, but for the `grpc-timeout` of its client, which
/// every server keeps to the end of the call.
///
/// The deadline is that of everything that the handler waits for: [`Current::deadline`](super::Current::deadline)
/// and [`CallContext::deadline`](crate::CallContext::deadline) give it, and
/// [`Current::propagate`](super::Current::propagate) hands it on.
///
/// The server's own limit, [`request_timeout`](crate::ConnectionOptions::request_timeout), holds as well,
/// and again the sooner wins: a longer limit here needs a longer one there. They differ in one thing. The
/// server's limit is put off while the body of a request arrives; this deadline is an instant, which other
/// servers are given, and nothing puts it off. So uploads get a longer limit, or none, with
/// [`for_operation`](DeadlineLayer::for_operation).
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use kit_transport::{http, layers::{self, Select}};
///
/// let deadline = layers::deadline(Duration::from_secs(2))
///     .for_operation(Select::operation("/report"), Duration::from_secs(20))
///     .for_operation(Select::prefix("/uploads/"), None)
///     .header("x-request-timeout".try_into()?);
/// let router = Router::new().route("/report", get(|| async { "at last" }));
/// let server = http::Server::new(":8000", router).layers(deadline);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn deadline(limit: impl Into<Option<Duration>>) -> DeadlineLayer {
    DeadlineLayer(Arc::new(Limits {
        usual: limit.into(),
        others: Vec::new(),
        header: None,
    }))
}

/// A layer that limits the time of requests; from [`deadline`].
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a server has it"]
pub struct DeadlineLayer(Arc<Limits>);

#[derive(Clone, Debug)]
struct Limits {
    usual: Option<Duration>,
    others: Vec<(Select, Option<Duration>)>,
    header: Option<HeaderName>,
}

impl DeadlineLayer {
    /// Another limit for the requests that are selected; of several selections that fit, the first holds.
    pub fn for_operation(
        mut self,
        select: Select,
        limit: impl Into<Option<Duration>>,
    ) -> DeadlineLayer {
        let limits = Arc::make_mut(&mut self.0);
        limits.others.push((select, limit.into()));
        self
    }

    /// Clients over HTTP say in this header how long they wait: `250ms` or `3s`. Without this they cannot.
    /// Anything else there is answered 400, with the reason `TIMEOUT_INVALID`. The same header hands the
    /// deadline on.
    pub fn header(mut self, name: HeaderName) -> DeadlineLayer {
        Arc::make_mut(&mut self.0).header = Some(name);
        self
    }

    /// The timer of a request with these facts.
    ///
    /// # Errors
    /// The answer to a client that asks for none that there is.
    #[inline]
    pub(super) fn timer(
        &self,
        request: &Request<Body>,
        facts: &Arc<Facts>,
    ) -> Result<DeadlineTimer, Box<Response<Body>>> {
        let rule = self.0.rule(request, facts)?;
        Ok(DeadlineTimer { sleep: None, rule })
    }
}

impl Limits {
    /// The limit of the server for this request.
    fn own(&self, facts: &Facts, path: &str) -> Option<Duration> {
        let mut others = self.others.iter();
        match others.find(|(select, _)| select.selects(facts, path)) {
            Some((_, limit)) => *limit,
            None => self.usual,
        }
    }

    /// The limit of this request, as a rule.
    ///
    /// # Errors
    /// The answer to a client that asks for none that there is.
    fn rule(
        &self,
        request: &Request<Body>,
        facts: &Arc<Facts>,
    ) -> Result<Option<DeadlineRule>, Box<Response<Body>>> {
        let client = self.client(facts, request);
        let client = client.map_err(|error| Box::new(reply(facts, error)))?;
        let own = self.own(facts, request.uri().path());
        let limit = own.into_iter().chain(client).min();
        Ok(limit.map(|limit| {
            let deadline = after(Instant::now(), limit);
            facts.time_left().set(deadline, self.header.as_ref());
            DeadlineRule {
                deadline,
                limit,
                is_own: own == Some(limit),
                facts: Arc::clone(facts),
            }
        }))
    }

    /// The limit of the client.
    fn client<B>(&self, facts: &Facts, request: &Request<B>) -> Result<Option<Duration>, ApiError> {
        let headers = request.headers();
        if facts.protocol() == Protocol::Grpc {
            return Ok(grpc::client_limit(headers));
        }
        let Some(header) = &self.header else {
            return Ok(None);
        };
        let Some(value) = headers.get(header) else {
            return Ok(None);
        };
        read_http(value.as_bytes()).map(Some).ok_or_else(|| {
            let message =
                format!("the header {header} is {value:?}; a limit is written as 250ms or 3s");
            ApiError::bad_request("TIMEOUT_INVALID", message)
        })
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        let layer = self.clone();
        DeadlineService { inner, layer }
    }
}

/// A service whose requests have a limit of time; from [`DeadlineLayer`].
#[derive(Clone, Debug)]
pub struct DeadlineService<S> {
    inner: S,
    layer: DeadlineLayer,
}

impl<S, B> Service<Request<Body>> for DeadlineService<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> DeadlineFuture<S::Future> {
        let facts = facts_of(&mut request);
        match self.layer.timer(&request, &facts) {
            Ok(timer) => DeadlineFuture {
                inner: Refusable::inner(self.inner.call(request)),
                timer,
            },
            Err(answer) => DeadlineFuture {
                inner: Refusable::refused(*answer),
                timer: DeadlineTimer::none(),
            },
        }
    }
}

/// The limit of one request.
pub(super) struct DeadlineRule {
    deadline: Instant,
    limit: Duration,
    /// The client has not asked for it.
    is_own: bool,
    facts: Arc<Facts>,
}

impl DeadlineRule {
    /// The answer in place of the handler's.
    #[cold]
    pub(super) fn answer(&self) -> Response<Body> {
        let (operation, limit) = (self.facts.operation(), self.limit);
        if self.is_own {
            tracing::warn!(%operation, ?limit, "no answer in time");
        } else {
            tracing::debug!(%operation, ?limit, "no answer in time");
        }
        let message = format!("no answer within {limit:?}");
        let error = ApiError::gateway_timeout("REQUEST_TIMEOUT", message);
        reply(&self.facts, error)
    }
}

pin_project! {
    /// The timer of one request, if it has a limit.
    pub(super) struct DeadlineTimer {
        // It costs something, so it is there only once the answer is waited for.
        #[pin]
        sleep: Option<Sleep>,
        rule: Option<DeadlineRule>,
    }
}

impl DeadlineTimer {
    pub(super) fn none() -> DeadlineTimer {
        DeadlineTimer {
            sleep: None,
            rule: None,
        }
    }

    /// Waits for the deadline, and gives the limit that is over.
    pub(super) fn poll_late(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<DeadlineRule> {
        let mut this = self.project();
        let Some(rule) = this.rule else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(rule.deadline)));
        }
        let sleep = this.sleep.as_pin_mut().expect("set above");
        ready!(sleep.poll(cx));
        Poll::Ready(this.rule.take().expect("looked at above"))
    }
}

pin_project! {
    /// The response of [`DeadlineService`] to come.
    pub struct DeadlineFuture<F> {
        #[pin]
        inner: Refusable<F>,
        #[pin]
        timer: DeadlineTimer,
    }
}

impl<F, B, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = this.inner.as_mut().poll(cx);
        if answer.is_ready() {
            return answer;
        }
        let late = ready!(this.timer.poll_late(cx));
        // The handler ends here, before the layers outside see the answer.
        this.inner.end();
        Poll::Ready(Ok(late.answer()))
    }
}

impl<F> fmt::Debug for DeadlineFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineFuture").finish_non_exhaustive()
    }
}
