//! Which service a call is for.

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum_core::response::IntoResponse;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tower::ServiceExt as _;

use crate::ApiError;

/// Services by their full names, such as `helloworld.v1.Greeter`. Cheap to clone.
///
/// tonic's own `Routes` are a router of axum's: it matches the path against patterns, notes in the
/// extensions what it has found, and puts the body of each direction into one more box. That is about
/// a tenth of the instructions of a call, for a path that has two parts.
#[derive(Clone, Default)]
pub(crate) struct Dispatch {
    services: Arc<BTreeMap<&'static str, Arc<dyn AnyService>>>,
}

/// A response to come.
pub(crate) type Called = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// A service whose type is not known.
trait AnyService: Send + Sync {
    fn call(&self, request: Request<Body>) -> Called;
}

impl<S> AnyService for S
where
    S: Service<Request<Body>, Response: IntoResponse, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn call(&self, request: Request<Body>) -> Called {
        let answer = self.clone().oneshot(request);
        Box::pin(async move {
            let response = answer.await.unwrap_or_else(|never| match never {});
            of_tonic(response)
        })
    }
}

impl Dispatch {
    /// The names, in alphabetical order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.services.keys().copied()
    }

    /// Adds a service, unless there is one of its name; returns whether it was added.
    pub(super) fn add<S>(&mut self, service: S) -> bool
    where
        S: Service<
                Request<Body>,
                Response: IntoResponse,
                Error = Infallible,
                Future: Send + 'static,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let services = Arc::make_mut(&mut self.services);
        let is_new = !services.contains_key(S::NAME);
        if is_new {
            services.insert(S::NAME, Arc::new(service));
        }
        is_new
    }

    /// Calls the service that the path names. Where there is none the answer is `UNIMPLEMENTED`, as
    /// the specification of gRPC asks.
    pub(crate) fn call(&self, request: Request<Body>) -> Called {
        let name = service_of(request.uri().path());
        match name.and_then(|name| self.services.get(name)) {
            Some(service) => service.call(request),
            None => {
                let response = unknown(request.uri().path());
                Box::pin(std::future::ready(response))
            }
        }
    }
}

/// The first part of `/package.Service/Method`.
fn service_of(path: &str) -> Option<&str> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    (!method.is_empty()).then_some(service)
}

fn unknown(path: &str) -> Response<Body> {
    let error = match service_of(path) {
        Some(service) => {
            ApiError::not_implemented("SERVICE_UNKNOWN", format!("unknown service {service}"))
                .with_metadata("service", service)
        }
        None => {
            let message = format!("the path of a call is /package.Service/Method, not {path}");
            ApiError::not_implemented("PATH_INVALID", message)
        }
    };
    Status::from(error).into_http()
}

/// Generated services answer with tonic's own response, whose body needs no other box.
fn of_tonic<R: IntoResponse + 'static>(response: R) -> Response<Body> {
    let mut response = Some(response);
    let known = (&mut response as &mut dyn Any).downcast_mut::<Option<Response<Body>>>();
    if let Some(known) = known.and_then(Option::take) {
        return known;
    }
    let response = response.expect("it was not taken").into_response();
    response.map(Body::new)
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use http_body_util::BodyExt as _;

    use super::*;

    /// Ready when it was asked twice; answers with the path, in a body that is not of tonic.
    #[derive(Clone, Default)]
    struct Slow {
        asked: usize,
    }

    impl NamedService for Slow {
        const NAME: &'static str = "test.Slow";
    }

    impl Service<Request<Body>> for Slow {
        type Response = (http::StatusCode, String);
        type Error = Infallible;
        type Future = std::future::Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.asked += 1;
            if self.asked < 2 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            assert!(self.asked >= 2, "called before it was ready");
            let answer = (http::StatusCode::ACCEPTED, request.uri().path().to_owned());
            std::future::ready(Ok(answer))
        }
    }

    async fn call(path: &str) -> Response<Body> {
        let mut services = Dispatch::default();
        services.add(Slow::default());
        let request = Request::post(path).body(Body::empty()).unwrap();
        services.call(request).await
    }

    #[tokio::test]
    async fn a_service_is_called_when_it_is_ready_and_may_answer_in_any_form() {
        let response = call("/test.Slow/Any/More").await;
        assert_eq!(response.status(), http::StatusCode::ACCEPTED);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "/test.Slow/Any/More");
    }

    #[tokio::test]
    async fn a_path_that_names_no_service_is_unimplemented_with_a_reason() {
        for (path, message) in [
            ("/test.Slower/Any", "unknown service test.Slower"),
            ("/test.slow/Any", "unknown service test.slow"),
            ("//Any", "unknown service "),
            (
                "/test.Slow/",
                "the path of a call is /package.Service/Method, not /test.Slow/",
            ),
            (
                "/test.Slow",
                "the path of a call is /package.Service/Method, not /test.Slow",
            ),
            ("/", "the path of a call is /package.Service/Method, not /"),
            ("*", "the path of a call is /package.Service/Method, not *"),
        ] {
            let response = call(path).await;
            let status = Status::from_header_map(response.headers()).expect(path);
            assert_eq!(
                (status.code(), status.message()),
                (tonic::Code::Unimplemented, message),
                "{path}"
            );
        }
    }
}
