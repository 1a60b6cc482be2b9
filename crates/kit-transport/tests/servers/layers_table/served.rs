//! One server with a handler for each kind of exchange, which does what a request's header says.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use ::http::request::Parts;
use ::http::{Extensions, HeaderMap, HeaderValue};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::extract::ws::Message;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use kit_transport::http::{ErrorShape, WebSocketUpgrade};
use kit_transport::layers::{ConcurrencyLimit, Current, Operation, Scheme};
use kit_transport::{ApiError, CallContext, ConnectionOptions, grpc, http};
use tokio::sync::Notify;
use tokio_stream::{Stream, StreamExt as _};
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::fixture::ANY_PORT;

/// The header that says what a handler does.
pub(super) const DO: &str = "x-do";
/// The target of what handlers log.
pub(super) const STAGE: &str = "test::stage";

type Texts = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// A caller by its name.
pub(super) struct User(pub(super) String);

/// Knows the caller whose name stands in `x-user`.
pub(super) struct ByName;

impl Scheme for ByName {
    type Claims = User;

    async fn authenticate(&self, head: &Parts) -> Result<User, ApiError> {
        tokio::task::yield_now().await;
        let name = head
            .headers
            .get("x-user")
            .and_then(|name| name.to_str().ok());
        let name = name.ok_or_else(|| ApiError::unauthorized("UNAUTHORIZED", "say your name"))?;
        Ok(User(name.to_owned()))
    }

    fn challenge(&self, _refusal: &ApiError) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("Name"))
    }
}

/// What the handlers do and find.
#[derive(Clone)]
pub(super) struct Handlers(Arc<Seen>, ErrorShape);

#[derive(Default)]
struct Seen {
    found: Mutex<Vec<String>>,
    limit: Mutex<Option<ConcurrencyLimit>>,
    waits: Notify,
    lost: Notify,
}

/// What a handler does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Do {
    Serve,
    /// Waits before there is a head.
    Wait,
    Panic,
    /// Panics behind the first part of its body, in the socket, or before the only message of a call.
    PanicLater,
    /// Waits there.
    WaitLater,
    /// The same, but in a socket for its next message.
    ReadLater,
}

impl Do {
    fn of(headers: &HeaderMap) -> Do {
        match headers.get(DO).map(HeaderValue::as_bytes) {
            None => Do::Serve,
            Some(b"wait") => Do::Wait,
            Some(b"panic") => Do::Panic,
            Some(b"panic later") => Do::PanicLater,
            Some(b"wait later") => Do::WaitLater,
            Some(b"read later") => Do::ReadLater,
            other => panic!("{other:?}"),
        }
    }
}

impl Handlers {
    /// On a server whose errors have this shape.
    pub(super) fn of_shape(shape: ErrorShape) -> Handlers {
        Handlers(Arc::default(), shape)
    }

    pub(super) fn server(&self) -> http::Server {
        let plain = self.clone();
        let plain = async move |request: Request| plain.plain(request).await;
        let events = self.clone();
        let events = async move |request: Request| events.events(request).await;
        let socket = self.clone();
        let socket = async move |upgrade: WebSocketUpgrade, request: Request| {
            socket.socket(upgrade, request).await
        };
        let router = Router::new()
            .route("/plain", post(plain))
            .route("/events", get(events))
            .route("/socket", get(socket));
        let services = grpc::Services::new().service(Calls(self.clone()));
        let limits = ConnectionOptions {
            max_body: Some(1024),
            ..ConnectionOptions::default()
        };
        http::Server::new(ANY_PORT, router)
            .error_shape(self.1)
            .grpc(services)
            .connections(limits)
    }

    /// What the handler has found, and at which stages.
    pub(super) fn found(&self) -> String {
        let found = self.0.found.lock().unwrap();
        if found.is_empty() {
            "not run".to_owned()
        } else {
            found.join(" ")
        }
    }

    /// Shows from now on how many requests hold a place of this limit.
    pub(super) fn show(&self, limit: &ConcurrencyLimit) {
        *self.0.limit.lock().unwrap() = Some(limit.clone());
    }

    /// Waits until a handler or its body waits.
    pub(super) async fn wait_for_wait(&self) {
        self.0.waits.notified().await;
    }

    /// Waits until a socket that is read has lost its client.
    pub(super) async fn wait_for_loss(&self) {
        self.0.lost.notified().await;
    }

    fn find(&self, word: impl Into<String>) {
        self.0.found.lock().unwrap().push(word.into());
    }

    fn find_places(&self) {
        let served = self
            .0
            .limit
            .lock()
            .unwrap()
            .as_ref()
            .map(ConcurrencyLimit::served);
        if let Some(served) = served {
            self.find(format!("holds {served}"));
        }
    }

    /// The beginning of each handler: it writes down what the layers have left for it. The context of the
    /// request and that of the task say the same.
    async fn begin(&self, extensions: &Extensions, headers: &HeaderMap) -> Do {
        tracing::info!(target: STAGE, "first");
        self.find("ran");
        let call = CallContext::of(extensions).expect("a server of Kit's");
        let current = Current::get();
        let current = current.as_ref();
        assert_eq!(
            call.operation().map(Operation::as_str),
            current.map(|c| c.operation().as_str())
        );
        assert_eq!(call.request_id(), current.and_then(Current::request_id));
        assert_eq!(call.deadline(), current.and_then(Current::deadline));
        for (name, is_there) in [
            (
                "id",
                call.request_id().is_some_and(|id| id.as_str() == "mine"),
            ),
            (
                "trace",
                call.trace().is_some_and(|trace| {
                    trace
                        .trace_id()
                        .to_string()
                        .eq("4bf92f3577b34da6a3ce929d0e0e4736")
                }),
            ),
            (
                "metadata",
                call.metadata()
                    .is_some_and(|values| values.get("x-md-global-a") == Some("1")),
            ),
            ("deadline", call.deadline().is_some()),
            (
                "claims",
                call.claims::<User>()
                    .is_some_and(|user| user.0.0 == "alice"),
            ),
        ] {
            if is_there {
                self.find(name);
            }
        }
        self.find_places();
        let what = Do::of(headers);
        match what {
            Do::Wait => self.wait().await,
            Do::Panic => panic!("a test's"),
            Do::Serve | Do::PanicLater | Do::WaitLater | Do::ReadLater => what,
        }
    }

    async fn wait<T>(&self) -> T {
        self.0.waits.notify_one();
        std::future::pending().await
    }

    /// What follows on the first part of a body or the first message of a socket, and in calls with one
    /// answer on the beginning.
    async fn go_on(&self, what: Do) {
        tracing::info!(target: STAGE, "later");
        self.find_places();
        match what {
            Do::PanicLater => panic!("a test's"),
            Do::WaitLater | Do::ReadLater => self.wait().await,
            Do::Serve | Do::Wait | Do::Panic => {}
        }
    }

    /// The parts of a body, one and then one more.
    fn parts<T: Clone + Send + 'static>(
        &self,
        part: T,
        what: Do,
    ) -> impl Stream<Item = T> + use<T> {
        let handlers = self.clone();
        let last = part.clone();
        let rest = tokio_stream::once(()).then(move |()| {
            let (handlers, last) = (handlers.clone(), last.clone());
            async move {
                handlers.go_on(what).await;
                last
            }
        });
        tokio_stream::once(part).chain(rest)
    }

    async fn plain(&self, request: Request) -> Response {
        let what = self.begin(request.extensions(), request.headers()).await;
        if let Err(error) = request.into_body().collect().await {
            return ApiError::bad_request("BODY", error.to_string()).into_response();
        }
        let parts = self.parts(Bytes::from_static(b"part"), what);
        let frames = parts.map(|part| Ok::<_, Infallible>(Frame::data(part)));
        Body::new(http_body_util::StreamBody::new(frames)).into_response()
    }

    async fn events(&self, request: Request) -> Response {
        let what = self.begin(request.extensions(), request.headers()).await;
        let events = self.parts(Event::default().data("part"), what);
        Sse::new(events.map(Ok::<_, Infallible>)).into_response()
    }

    async fn socket(&self, upgrade: WebSocketUpgrade, request: Request) -> Response {
        let what = self.begin(request.extensions(), request.headers()).await;
        let handlers = self.clone();
        upgrade.on_upgrade(async move |mut socket| {
            if let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
                if what == Do::ReadLater {
                    handlers.0.waits.notify_one();
                    while let Some(Ok(_)) = socket.recv().await {}
                    handlers.0.lost.notify_one();
                    return;
                }
                handlers.go_on(what).await;
                let _ = socket.send(Message::Close(None)).await;
            }
        })
    }
}

/// The service `test.Table`, whose methods have the names of the kinds of calls.
#[derive(Clone)]
struct Calls(Handlers);

impl NamedService for Calls {
    const NAME: &'static str = "test.Table";
}

impl Service<::http::Request<tonic::body::Body>> for Calls {
    type Response = ::http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// Each method has the message, or all of them, before it begins, so that its limit is tried first.
    fn call(&mut self, request: ::http::Request<tonic::body::Body>) -> Self::Future {
        let handlers = self.0.clone();
        let path = request.uri().path().to_owned();
        let headers = request.headers().clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            let one = |request: tonic::Request<String>| {
                let (handlers, headers) = (handlers.clone(), headers.clone());
                async move {
                    let what = handlers.begin(request.extensions(), &headers).await;
                    handlers.go_on(what).await;
                    Ok::<_, Status>(tonic::Response::new(request.into_inner()))
                }
            };
            let joined = |request: tonic::Request<Streaming<String>>| {
                let (handlers, headers) = (handlers.clone(), headers.clone());
                async move {
                    let (_, extensions, mut messages) = request.into_parts();
                    let mut all = String::new();
                    while let Some(message) = messages.message().await? {
                        all += &message;
                    }
                    let what = handlers.begin(&extensions, &headers).await;
                    handlers.go_on(what).await;
                    Ok::<_, Status>(tonic::Response::new(all))
                }
            };
            let many = |request: tonic::Request<String>| {
                let (handlers, headers) = (handlers.clone(), headers.clone());
                async move {
                    let what = handlers.begin(request.extensions(), &headers).await;
                    let texts = handlers.parts(request.into_inner(), what);
                    let texts: Texts = Box::pin(texts.map(Ok));
                    Ok::<_, Status>(tonic::Response::new(texts))
                }
            };
            let both = |request: tonic::Request<Streaming<String>>| {
                let (handlers, headers) = (handlers.clone(), headers.clone());
                async move {
                    let (_, extensions, mut messages) = request.into_parts();
                    let first = messages.message().await?.unwrap_or_default();
                    let what = handlers.begin(&extensions, &headers).await;
                    let texts: Texts = Box::pin(handlers.parts(first, what).map(Ok));
                    Ok::<_, Status>(tonic::Response::new(texts))
                }
            };
            Ok(match path.rsplit('/').next().expect("a method") {
                "Unary" => grpc.unary(service_fn(one), request).await,
                "Client" => grpc.client_streaming(service_fn(joined), request).await,
                "Server" => grpc.server_streaming(service_fn(many), request).await,
                "Both" => grpc.streaming(service_fn(both), request).await,
                other => panic!("{other}"),
            })
        })
    }
}
