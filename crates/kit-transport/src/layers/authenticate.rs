//! Authentication: which caller a request comes from.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::header::WWW_AUTHENTICATE;
use ::http::{Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::exempt::is_exempt;
use super::facts::Facts;
use super::known::facts_of;
use super::operations::Protocol;
use super::reply::reply;
use super::select::Select;
use crate::ApiError;

mod plain_path;
mod scheme;

use plain_path::is_plain;
pub use scheme::Scheme;

/// Lets only requests through whose caller this [`Scheme`] knows; the handler finds its
/// [`Claims`](super::Claims).
///
/// Everything is protected, unknown routes and methods included, but for what [`except`] excludes, for
/// gRPC's health (`grpc.health.v1.Health`) and reflection (`grpc.reflection.v1` and `v1alpha`), and for
/// the probes of `http::probes`: load balancers, orchestrators and tools have no credentials. A request is refused before its handler runs, so
/// before a stream, an upgrade or the reading of a body begins; the answer is the scheme's error, on
/// HTTP with its challenge as `WWW-Authenticate`. Its source is logged at debug and never sent.
///
/// It belongs inside the layers that observe (refusals are seen, too) and inside CORS (a preflight has
/// no credentials), and outside of those that do work for a caller.
///
/// ```
/// use axum::{Router, routing::get};
/// use http::request::Parts;
/// use kit_transport::layers::{self, Claims, Scheme, Select};
/// use kit_transport::{ApiError, http as server};
///
/// struct Tenant(String);
///
/// /// By a header that a proxy in front has set.
/// struct ByProxy;
///
/// impl Scheme for ByProxy {
///     type Claims = Tenant;
///
///     async fn authenticate(&self, head: &Parts) -> Result<Tenant, ApiError> {
///         let tenant = head.headers.get("x-tenant").and_then(|tenant| tenant.to_str().ok());
///         let tenant = tenant.ok_or_else(|| ApiError::unauthorized("UNAUTHORIZED", "a tenant is needed"))?;
///         Ok(Tenant(tenant.to_owned()))
///     }
/// }
///
/// let router = Router::new()
///     .route("/", get(async |Claims(tenant): Claims<Tenant>| tenant.0.clone()))
///     .route("/login", get(|| async { "Please" }));
/// let layer = layers::authenticate(ByProxy).except(Select::operation("/login"));
/// let server = server::Server::new(":8000", router).layers(layer);
/// ```
///
/// [`except`]: Authenticate::except
pub fn authenticate<A: Scheme>(scheme: A) -> Authenticate<A> {
    Authenticate {
        scheme: Arc::new(scheme),
        except: None,
    }
}

/// Lets only known callers through; from [`authenticate`].
pub struct Authenticate<A> {
    scheme: Arc<A>,
    except: Option<Select>,
}

impl<A> Authenticate<A> {
    /// Lets these requests pass without a question; they have no claims. Called again, it adds to them.
    ///
    /// A call is compared by its path, and a request for a route by its template. A request that has no
    /// template is compared by its path ([`Select::prefix`]), and is protected in any case if that path
    /// can be read in two ways: with `.` or `..` or nothing between two slashes, a backslash, or one of
    /// these or a percent sign in percent-encoding.
    #[must_use]
    pub fn except(self, select: Select) -> Authenticate<A> {
        let except = Some(match self.except {
            Some(before) => before.or(select),
            None => select,
        });
        Authenticate { except, ..self }
    }
}

impl<A> Clone for Authenticate<A> {
    fn clone(&self) -> Authenticate<A> {
        Authenticate {
            scheme: Arc::clone(&self.scheme),
            except: self.except.clone(),
        }
    }
}

impl<A> fmt::Debug for Authenticate<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate")
            .field("except", &self.except)
            .finish_non_exhaustive()
    }
}

impl<A, S> Layer<S> for Authenticate<A> {
    type Service = AuthenticateService<A, S>;

    fn layer(&self, inner: S) -> AuthenticateService<A, S> {
        AuthenticateService {
            rules: self.clone(),
            inner,
        }
    }
}

/// A service that only known callers reach; from [`Authenticate`].
pub struct AuthenticateService<A, S> {
    rules: Authenticate<A>,
    inner: S,
}

impl<A, S: Clone> Clone for AuthenticateService<A, S> {
    fn clone(&self) -> Self {
        AuthenticateService {
            rules: self.rules.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<A, S> fmt::Debug for AuthenticateService<A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

impl<A: Scheme> Authenticate<A> {
    fn lets_pass(&self, facts: &Facts, path: &str) -> bool {
        if is_exempt(facts, path) {
            return true;
        }
        let Some(except) = &self.except else {
            return false;
        };
        let has_template = facts.protocol() == Protocol::Http && facts.operation().is_matched();
        let is_comparable = has_template || is_plain(path);
        is_comparable && except.selects(facts, path)
    }

    /// The request with its claims, or the answer in its place.
    async fn check(
        scheme: Arc<A>,
        facts: Arc<Facts>,
        request: Request<Body>,
    ) -> Result<Request<Body>, Response<Body>> {
        let (head, body) = request.into_parts();
        match scheme.authenticate(&head).await {
            Ok(claims) => {
                facts.claims().add(claims);
                Ok(Request::from_parts(head, body))
            }
            Err(error) => Err(refuse(&*scheme, &facts, error)),
        }
    }
}

#[cold]
fn refuse<A: Scheme>(scheme: &A, facts: &Facts, error: ApiError) -> Response<Body> {
    let why = error.source().map(|source| kit_sync::error_chain(source));
    let operation = facts.operation().as_str();
    tracing::debug!(
        operation,
        error = %error,
        why,
        "a request was refused because its caller is not known"
    );
    let challenge = match facts.protocol() {
        Protocol::Http if error.code() == 401 => scheme.challenge(&error),
        Protocol::Http | Protocol::Grpc => None,
    };
    let mut response = reply(facts, error);
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

impl<A, S, B> Service<Request<Body>> for AuthenticateService<A, S>
where
    A: Scheme,
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = AuthenticateFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> AuthenticateFuture<S> {
        let facts = facts_of(&mut request);
        let passage = if self.rules.lets_pass(&facts, request.uri().path()) {
            let future = self.inner.call(request);
            Passage::Passed { future }
        } else {
            let scheme = Arc::clone(&self.rules.scheme);
            // The service that is ready is the one that is called; the clone is not ready yet.
            let other = self.inner.clone();
            Passage::Checking {
                check: Box::pin(Authenticate::check(scheme, facts, request)),
                inner: std::mem::replace(&mut self.inner, other),
            }
        };
        AuthenticateFuture { passage }
    }
}

type Check = Pin<Box<dyn Future<Output = Result<Request<Body>, Response<Body>>> + Send>>;

pin_project! {
    /// The response of [`AuthenticateService`] to come.
    pub struct AuthenticateFuture<S>
    where
        S: Service<Request<Body>>,
    {
        #[pin]
        passage: Passage<S>,
    }
}

pin_project! {
    #[project = Project]
    enum Passage<S>
    where
        S: Service<Request<Body>>,
    {
        Checking { check: Check, inner: S },
        Passed { #[pin] future: S::Future },
    }
}

impl<S, B> Future for AuthenticateFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut passage = self.project().passage;
        loop {
            let future = match passage.as_mut().project() {
                Project::Passed { future } => {
                    let response = ready!(future.poll(cx));
                    return Poll::Ready(response.map(|response| response.map(Body::new)));
                }
                Project::Checking { check, inner } => match ready!(check.as_mut().poll(cx)) {
                    Ok(request) => inner.call(request),
                    Err(refusal) => return Poll::Ready(Ok(refusal)),
                },
            };
            passage.set(Passage::Passed { future });
        }
    }
}

impl<S: Service<Request<Body>>> fmt::Debug for AuthenticateFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateFuture").finish_non_exhaustive()
    }
}
