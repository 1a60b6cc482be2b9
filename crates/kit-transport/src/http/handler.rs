//! An HTTP request, from its arrival to its answer; or a gRPC request on the same port.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::IntoResponse as _;
use axum::routing::future::RouteFuture;
use http::{Extensions, HeaderMap, Request, Response};
use http_body_util::Limited;
use hyper::body::Body as _;
use kit_sync::Scope;
use pin_project_lite::pin_project;
use tower_service::Service as _;

use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::{ApiError, Peer};

#[derive(Clone)]
pub(super) struct HttpHandler {
    pub(super) router: Router,
    pub(super) max_body: Option<u64>,
    #[cfg(feature = "grpc")]
    pub(super) grpc: Option<tonic::service::Routes>,
}

impl Handler for HttpHandler {
    type Body = Body;
    type Future = Answer;

    fn call(&self, request: Request<RequestBody>) -> Answer {
        #[cfg(feature = "grpc")]
        if let Some(routes) = &self.grpc
            && crate::grpc::is_grpc(request.headers())
        {
            // Routes are always ready.
            let future = routes.clone().call(request);
            return Answer::Grpc { future };
        }
        let told = request.body().size_hint();
        if let Some(max) = self.max_body
            && told.lower() > max
        {
            return Answer::TooLarge { max };
        }
        let request = request.map(|body| match self.max_body {
            // One allocation less for most requests.
            _ if body.is_end_stream() => Body::empty(),
            Some(max) if told.exact().is_none() => Body::new(Limited::new(
                body,
                usize::try_from(max).unwrap_or(usize::MAX),
            )),
            _ => Body::new(body),
        });
        // A router is always ready.
        let future = self.router.clone().call(request);
        Answer::Http { future }
    }

    #[cfg_attr(not(feature = "grpc"), expect(unused_variables))]
    fn refused(&self, why: Refusal, headers: &HeaderMap) -> Response<Body> {
        #[cfg(feature = "grpc")]
        if self.grpc.is_some() && crate::grpc::is_grpc(headers) && matches!(why, Refusal::Head(_)) {
            return crate::grpc::too_much(why).map(Body::new);
        }
        ApiError::new(why.code(), why.reason(), why.message()).into_response()
    }

    fn panicked(answer: &Answer) -> Response<Body> {
        match answer {
            Answer::Http { .. } | Answer::TooLarge { .. } => {
                ApiError::internal("", "internal error").into_response()
            }
            #[cfg(feature = "grpc")]
            Answer::Grpc { .. } => crate::grpc::panicked().map(Body::new),
        }
    }

    #[cfg(feature = "grpc")]
    fn client_limit(&self, headers: &HeaderMap) -> Option<Duration> {
        self.grpc.as_ref()?;
        crate::grpc::client_limit(headers)
    }

    fn timed_out(answer: &Answer, limit: Duration) -> Response<Body> {
        match answer {
            Answer::Http { .. } | Answer::TooLarge { .. } => {
                let message = format!("no answer within {limit:?}");
                ApiError::gateway_timeout("REQUEST_TIMEOUT", message).into_response()
            }
            #[cfg(feature = "grpc")]
            Answer::Grpc { .. } => crate::grpc::timed_out(limit).map(Body::new),
        }
    }

    #[cfg(feature = "grpc")]
    fn late_trailers(limit: Duration) -> HeaderMap {
        crate::grpc::late_trailers(limit)
    }

    #[cfg_attr(not(feature = "grpc"), expect(unused_variables))]
    fn extend(&self, extensions: &mut Extensions, peer: &Peer, scope: &Scope) {
        if let Some(remote) = peer.ip() {
            extensions.insert(ConnectInfo(remote));
        }
        #[cfg(feature = "grpc")]
        if self.grpc.is_some() {
            crate::grpc::extend(extensions, peer, scope);
        }
    }
}

#[cfg(feature = "grpc")]
type GrpcFuture = <tonic::service::Routes as tower_service::Service<Request<RequestBody>>>::Future;

#[cfg(not(feature = "grpc"))]
pin_project! {
    #[project = Project]
    pub(super) enum Answer {
        Http { #[pin] future: RouteFuture<Infallible> },
        TooLarge { max: u64 },
    }
}

#[cfg(feature = "grpc")]
pin_project! {
    #[project = Project]
    pub(super) enum Answer {
        Http { #[pin] future: RouteFuture<Infallible> },
        TooLarge { max: u64 },
        Grpc { #[pin] future: GrpcFuture },
    }
}

impl Future for Answer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Project::Http { future } => future.poll(cx),
            Project::TooLarge { max } => Poll::Ready(Ok(too_large(*max))),
            #[cfg(feature = "grpc")]
            Project::Grpc { future } => future
                .poll(cx)
                .map_ok(|response| crate::grpc::AnswerBody::of(response).map(Body::new)),
        }
    }
}

fn too_large(max: u64) -> Response<Body> {
    let message = format!("a body has at most {max} bytes");
    ApiError::new(413, "BODY_TOO_LARGE", message).into_response()
}
