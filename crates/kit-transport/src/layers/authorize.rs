//! Authorisation: what a known caller may do.

use std::any::type_name;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::exempt::is_exempt;
use super::facts::Facts;
use super::known::facts_of;
use super::reply::reply;
use super::select::Select;
use crate::ApiError;

/// Lets a caller use the selected operations only if its [`Claims`](super::Claims) allow it. Others are
/// answered 403 with reason `FORBIDDEN`, or `PERMISSION_DENIED` on gRPC, before the handler runs.
///
/// It stands inside [`authenticate`](super::authenticate). Without claims of this type there is no
/// decision, so the request fails with 500, and the log says what is missing: also for requests that
/// the authentication lets pass, but for gRPC's health and reflection and for `http::probes`, which stay
/// open.
///
/// ```
/// use kit_transport::layers::{self, Select};
///
/// struct User { roles: Vec<String> }
///
/// let is_admin = |user: &User| user.roles.iter().any(|role| role == "admin");
/// let admins = layers::authorize(Select::prefix("/admin/"), is_admin);
/// ```
pub fn authorize<C, F>(select: Select, may: F) -> Authorize<C>
where
    C: Send + Sync + 'static,
    F: Fn(&C) -> bool + Send + Sync + 'static,
{
    let may = Arc::new(may);
    Authorize { select, may }
}

/// Lets a caller do what its claims allow; from [`authorize`].
pub struct Authorize<C> {
    select: Select,
    may: Arc<dyn Fn(&C) -> bool + Send + Sync>,
}

impl<C> Clone for Authorize<C> {
    fn clone(&self) -> Authorize<C> {
        Authorize {
            select: self.select.clone(),
            may: Arc::clone(&self.may),
        }
    }
}

impl<C> fmt::Debug for Authorize<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize")
            .field("select", &self.select)
            .finish_non_exhaustive()
    }
}

impl<C: Send + Sync + 'static> Authorize<C> {
    fn check(&self, facts: &Facts, path: &str) -> Result<(), ApiError> {
        if is_exempt(facts, path) || !self.select.selects(facts, path) {
            return Ok(());
        }
        let Some(claims) = facts.claims().get::<C>() else {
            let why = format!(
                "`{}` is for callers with claims of type `{}`, and no authentication layer has found \
                 any for this request: put `layers::authenticate` outside of `layers::authorize`, and \
                 do not exclude what is selected here",
                facts.operation(),
                type_name::<C>()
            );
            return Err(ApiError::internal("", "internal error").with_source(why));
        };
        if (self.may)(&claims) {
            return Ok(());
        }
        tracing::debug!(
            operation = facts.operation().as_str(),
            "a request was refused because its caller may not do this"
        );
        Err(ApiError::forbidden(
            "FORBIDDEN",
            "the caller may not do this",
        ))
    }
}

impl<C, S> Layer<S> for Authorize<C> {
    type Service = AuthorizeService<C, S>;

    fn layer(&self, inner: S) -> AuthorizeService<C, S> {
        AuthorizeService {
            rules: self.clone(),
            inner,
        }
    }
}

/// A service that only callers reach which may use it; from [`Authorize`].
pub struct AuthorizeService<C, S> {
    rules: Authorize<C>,
    inner: S,
}

impl<C, S: Clone> Clone for AuthorizeService<C, S> {
    fn clone(&self) -> Self {
        AuthorizeService {
            rules: self.rules.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<C, S> fmt::Debug for AuthorizeService<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

impl<C, S, B> Service<Request<Body>> for AuthorizeService<C, S>
where
    C: Send + Sync + 'static,
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = AuthorizeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> AuthorizeFuture<S::Future> {
        let facts = facts_of(&mut request);
        let decision = match self.rules.check(&facts, request.uri().path()) {
            Ok(()) => Decision::Allowed {
                future: self.inner.call(request),
            },
            Err(error) => Decision::Refused {
                answer: Some(reply(&facts, error)),
            },
        };
        AuthorizeFuture { decision }
    }
}

pin_project! {
    /// The response of [`AuthorizeService`] to come.
    pub struct AuthorizeFuture<F> {
        #[pin]
        decision: Decision<F>,
    }
}

pin_project! {
    #[project = Project]
    enum Decision<F> {
        Allowed { #[pin] future: F },
        Refused { answer: Option<Response<Body>> },
    }
}

impl<F, B, E> Future for AuthorizeFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().decision.project() {
            Project::Allowed { future } => {
                ready!(future.poll(cx)).map(|response| response.map(Body::new))
            }
            Project::Refused { answer } => Ok(answer.take().expect("not polled after its end")),
        })
    }
}

impl<F> fmt::Debug for AuthorizeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeFuture").finish_non_exhaustive()
    }
}
