//! A limit for the number of requests that are served at once.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::{Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tokio::time::timeout;
use tower::{Layer, Service};

use super::exempt::is_exempt;
use super::facts::Facts;
use super::held_body::HeldBody;
use super::known::facts_of;
use super::later::{Later, later};
use super::places::{Places, ServedPlace};

/// Serves at most `max` requests at once, counted from here to the end of the response's body, or of the
/// WebSocket if it is Kit's, over all routes and services of the server. One that comes beyond them is shed: 503 or `RESOURCE_EXHAUSTED`, with the
/// reason `OVERLOADED` and the time after which another attempt makes sense (`Retry-After`, `RetryInfo`).
///
/// With a [`queue`](ConcurrencyLimit::queue) requests wait for their turn, in the order in which they came. One
/// that is shed costs nothing but its answer; one whose client goes, or whose [deadline](super::deadline)
/// passes, leaves the queue. Put the deadline outside of this layer, so that it counts the time in the queue. A
/// drain changes nothing: requests that wait are in flight, and are served.
///
/// Health and reflection of gRPC and the probes of `http::probes` are served beyond the limit.
/// [`on`](super::on) leaves out others, or gives some operations a limit for themselves.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use kit_transport::{http, layers};
///
/// let limit = layers::concurrency_limit(100).queue(200).queue_timeout(Duration::from_millis(500));
/// let router = Router::new().route("/hello", get(|| async { "Hello" }));
/// let server = http::Server::new(":8000", router).layers(limit);
/// ```
pub fn concurrency_limit(max: usize) -> ConcurrencyLimit {
    ConcurrencyLimit {
        places: Arc::new(Places::new(max)),
        queue: 0,
        queue_timeout: Duration::from_secs(1),
        retry_after: Duration::from_secs(1),
    }
}

/// A layer that limits how many requests are served at once; from [`concurrency_limit`]. Clones share the
/// limit.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a server has it"]
pub struct ConcurrencyLimit {
    places: Arc<Places>,
    queue: usize,
    queue_timeout: Duration,
    retry_after: Duration,
}

impl ConcurrencyLimit {
    /// How many requests may wait. The default is none.
    pub fn queue(mut self, most: usize) -> ConcurrencyLimit {
        self.queue = most;
        self
    }

    /// How long a request waits at most before it is shed; 1 s by default.
    pub fn queue_timeout(mut self, limit: Duration) -> ConcurrencyLimit {
        self.queue_timeout = limit;
        self
    }

    /// When a client that was shed should come again; 1 s by default. HTTP has whole seconds, rounded up.
    pub fn retry_after(mut self, after: Duration) -> ConcurrencyLimit {
        self.retry_after = after;
        self
    }

    /// How many requests are served now.
    #[must_use]
    pub fn served(&self) -> usize {
        self.places.served()
    }

    /// How many requests wait now.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.places.waiting()
    }

    /// Serves a request with these facts, lets it wait, or sheds it.
    ///
    /// One that gets a place at once is served without an allocation before its answer; one that waits
    /// takes the service that is ready with it.
    #[inline]
    pub(super) fn turn<S>(
        &self,
        inner: &mut S,
        request: Request<Body>,
        facts: &Arc<Facts>,
    ) -> Turn<S>
    where
        S: Service<Request<Body>> + Clone,
    {
        if is_exempt(facts, request.uri().path()) {
            let future = inner.call(request);
            return Turn::Served { future, held: None };
        }
        if let Some(place) = self.places.take() {
            let held = Some((place, Arc::clone(facts)));
            let future = inner.call(request);
            return Turn::Served { future, held };
        }
        let Some(queued) = self.places.queue(self.queue) else {
            return Turn::answered(self.shed(facts));
        };
        let wait = timeout(self.queue_timeout, queued.wait());
        let waiting: Waiting = Box::pin(async move { wait.await.ok() });
        let other = inner.clone();
        let ready = mem::replace(inner, other);
        let next = Some(Box::new((ready, request, Arc::clone(facts), self.clone())));
        Turn::Waits { waiting, next }
    }

    #[cold]
    fn shed(&self, facts: &Facts) -> Response<Body> {
        let operation = facts.operation();
        tracing::debug!(%operation, "shed, because too many requests are served");
        let message = "too many requests are served at once";
        let later_after = Later {
            code: 503,
            reason: "OVERLOADED",
            retry_after: Some(self.retry_after),
        };
        later(facts, later_after, message)
    }
}

impl<S> Layer<S> for ConcurrencyLimit {
    type Service = ConcurrencyLimitService<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimitService<S> {
        let limit = self.clone();
        ConcurrencyLimitService { inner, limit }
    }
}

/// A service of which a limited number of requests is served at once; from [`ConcurrencyLimit`].
#[derive(Clone, Debug)]
pub struct ConcurrencyLimitService<S> {
    inner: S,
    limit: ConcurrencyLimit,
}

impl<S, B> Service<Request<Body>> for ConcurrencyLimitService<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ConcurrencyLimitFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> ConcurrencyLimitFuture<S> {
        let facts = facts_of(&mut request);
        ConcurrencyLimitFuture {
            turn: self.limit.turn(&mut self.inner, request, &facts),
        }
    }
}

/// A place, or `None` when the time in the queue is over.
type Waiting = Pin<Box<dyn Future<Output = Option<ServedPlace>> + Send>>;

pin_project! {
    /// The response of [`ConcurrencyLimitService`] to come.
    pub struct ConcurrencyLimitFuture<S: Service<Request<Body>>> {
        #[pin]
        turn: Turn<S>,
    }
}

impl<S, B> Future for ConcurrencyLimitFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().turn.poll_held(cx));
        Poll::Ready(answer.map(|response| response.map(HeldBody::into_any)))
    }
}

pin_project! {
    /// How far a request has come that may have to wait.
    #[project = Project]
    pub(super) enum Turn<S: Service<Request<Body>>> {
        Waits {
            waiting: Waiting,
            next: Option<Box<(S, Request<Body>, Arc<Facts>, ConcurrencyLimit)>>,
        },
        Served {
            #[pin]
            future: S::Future,
            // `None` of a request that no limit counts.
            held: Option<(ServedPlace, Arc<Facts>)>,
        },
        Answered { answer: Option<Response<Body>> },
    }
}

impl<S: Service<Request<Body>>> Turn<S> {
    /// That of a request that no limit counts.
    #[inline]
    pub(super) fn served(future: S::Future) -> Turn<S> {
        let held = None;
        Turn::Served { future, held }
    }

    /// That of a request which has this answer.
    pub(super) fn answered(answer: Response<Body>) -> Turn<S> {
        let answer = Some(answer);
        Turn::Answered { answer }
    }

    /// Drops the service's future, or leaves the queue: another answer is given in place of this.
    pub(super) fn end(mut self: Pin<&mut Self>) {
        self.set(Turn::Answered { answer: None });
    }
}

/// A body that keeps a request's place to its end.
pub(super) type PlacedBody = HeldBody<Body, ServedPlace>;

impl<S, B> Turn<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    /// The response, which keeps the request's place. One that waits is served or shed when its wait is
    /// over, in the same poll.
    #[inline]
    pub(super) fn poll_held(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<PlacedBody>, S::Error>> {
        if let Project::Waits { waiting, next } = self.as_mut().project() {
            let place = ready!(waiting.as_mut().poll(cx));
            let next = next.take().expect("not polled after its end");
            let (mut service, request, facts, limit) = *next;
            self.set(match place {
                Some(place) => Turn::Served {
                    future: service.call(request),
                    held: Some((place, facts)),
                },
                None => Turn::answered(limit.shed(&facts)),
            });
        }
        match self.project() {
            Project::Served { future, held } => {
                let answer = ready!(future.poll(cx));
                let held = held.take();
                Poll::Ready(answer.map(|response| hold(response, held)))
            }
            Project::Answered { answer } => {
                let answer = answer.take().expect("not polled after its end");
                Poll::Ready(Ok(answer.map(HeldBody::alone)))
            }
            Project::Waits { .. } => unreachable!("its wait has ended above"),
        }
    }
}

/// A response that keeps its place to the end of its body, or of the tunnel that it begins.
fn hold<B>(response: Response<B>, held: Option<(ServedPlace, Arc<Facts>)>) -> Response<PlacedBody>
where
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let mut place = held.and_then(|(place, facts)| {
        let tunnel = &facts.trail().tunnel;
        if tunnel.begins_with(response.status()) {
            tunnel.hold(place);
            return None;
        }
        Some(place)
    });
    if response.body().is_end_stream() {
        place = None;
    }
    response.map(|body| HeldBody::new(Body::new(body), place))
}

impl<S: Service<Request<Body>>> fmt::Debug for ConcurrencyLimitFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimitFuture")
            .finish_non_exhaustive()
    }
}
