//! What the tests of layers serve: each kind of exchange, and clients for them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, StatusCode};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get, post};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use kit_transport::grpc;
use tokio_stream::{Stream, StreamExt as _};
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::client::Raw;
use crate::fixture::Fixture;

type Codec = ProstCodec<String, String>;
type Texts = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// The routes: one for each way in which a response ends.
pub(crate) fn router() -> Router {
    let status = async |axum::extract::Path(code): axum::extract::Path<u16>| {
        StatusCode::from_u16(code).expect("a status")
    };
    let events = || async {
        let events = ["1", "2", "3"].map(|n| Ok::<_, Infallible>(Event::default().data(n)));
        Sse::new(tokio_stream::iter(events))
    };
    let endless = || async {
        let first = tokio_stream::once(Ok::<_, Infallible>(Event::default().data("1")));
        Sse::new(first.chain(tokio_stream::pending()))
    };
    Router::new()
        .route("/hello/{name}", any(|| async { "hello" }))
        .route("/status/{code}", get(status))
        .route("/echo", post(async |body: Bytes| body))
        .route("/events", get(events))
        .route("/endless", get(endless))
        .route("/late", get(std::future::pending::<()>))
        .route("/panic", get(async || -> () { panic!("a test's") }))
        .route("/broken", get(|| async { body(|| Err("a test's".into())) }))
        .route("/panics", get(|| async { body(|| panic!("a test's")) }))
        .route(
            "/logs",
            get(|| async {
                tracing::info!(target: "test", "in the handler");
                body(|| {
                    tracing::info!(target: "test", "in the body");
                    Ok(None)
                })
            }),
        )
}

/// A body of a first part, and then what a function gives: an end, or a failure.
fn body(end: impl Fn() -> Result<Option<Bytes>, tower::BoxError> + Send + 'static) -> Body {
    let mut parts = 0;
    let next = move || {
        parts += 1;
        match parts {
            1 => Some(Ok(Frame::data(Bytes::from_static(b"part")))),
            _ => end().transpose().map(|part| part.map(Frame::data)),
        }
    };
    Body::new(http_body_util::StreamBody::new(tokio_stream::iter(
        std::iter::from_fn(next),
    )))
}

/// A service with methods of each kind, by their names: `Unary`, `Server`, `Client`, `Both`; `Refused` answers
/// `RESOURCE_EXHAUSTED`, `Broken` a stream that ends with `INTERNAL`, `Endless` one that does not end.
#[derive(Clone)]
pub(crate) struct Kinds;

impl NamedService for Kinds {
    const NAME: &'static str = "test.Kinds";
}

impl Service<::http::Request<tonic::body::Body>> for Kinds {
    type Response = ::http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<tonic::body::Body>) -> Self::Future {
        let path = request.uri().path().to_owned();
        Box::pin(async move {
            let mut grpc = Grpc::new(Codec::default());
            let texts = |texts: Vec<Result<String, Status>>| -> Texts {
                Box::pin(tokio_stream::iter(texts))
            };
            Ok(match path.rsplit('/').next().expect("a method") {
                "Server" => {
                    let three = move |request: Request<String>| async move {
                        tracing::info!(target: "test", "in the handler");
                        let text = request.into_inner();
                        Ok::<_, Status>(Response::new(texts(vec![Ok(text); 3])))
                    };
                    grpc.server_streaming(service_fn(three), request).await
                }
                "Broken" => {
                    let one = move |request: Request<String>| async move {
                        let failed = Err(Status::internal("a test's"));
                        let list = vec![Ok(request.into_inner()), failed];
                        Ok::<_, Status>(Response::new(texts(list)))
                    };
                    grpc.server_streaming(service_fn(one), request).await
                }
                "Endless" => {
                    let one = move |request: Request<String>| async move {
                        let one = tokio_stream::once(Ok(request.into_inner()));
                        let all: Texts = Box::pin(one.chain(tokio_stream::pending()));
                        Ok::<_, Status>(Response::new(all))
                    };
                    grpc.server_streaming(service_fn(one), request).await
                }
                "Client" => {
                    let joined = |request: Request<Streaming<String>>| async move {
                        let mut all = String::new();
                        let mut messages = request.into_inner();
                        while let Some(message) = messages.message().await? {
                            all += &message;
                        }
                        Ok::<_, Status>(Response::new(all))
                    };
                    grpc.client_streaming(service_fn(joined), request).await
                }
                "Both" => {
                    let same = |request: Request<Streaming<String>>| async move {
                        Ok::<_, Status>(Response::new(request.into_inner()))
                    };
                    grpc.streaming(service_fn(same), request).await
                }
                method => {
                    let is_refused = method == "Refused";
                    let same = move |request: Request<String>| async move {
                        tracing::info!(target: "test", "in the handler");
                        if is_refused {
                            return Err(Status::resource_exhausted("a test's"));
                        }
                        Ok(Response::new(request.into_inner()))
                    };
                    grpc.unary(service_fn(same), request).await
                }
            })
        })
    }
}

pub(crate) fn services() -> grpc::Services {
    grpc::Services::new().service(Kinds)
}

/// A client of gRPC.
pub(crate) struct Calls(Client<Channel>);

impl Calls {
    pub(crate) async fn connect(server: &Fixture) -> Calls {
        let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
        let endpoint = endpoint.user_agent("kinds").unwrap();
        Calls(Client::new(endpoint.connect().await.unwrap()))
    }

    pub(crate) async fn unary(&mut self, method: &'static str) -> Result<Response<String>, Status> {
        self.send(method, Request::new("hello".to_owned())).await
    }

    pub(crate) async fn send(
        &mut self,
        method: &'static str,
        request: Request<String>,
    ) -> Result<Response<String>, Status> {
        self.0.ready().await.expect("connected");
        let path = PathAndQuery::from_static(method);
        self.0.unary(request, path, Codec::default()).await
    }

    /// Sends `count` messages, and gives those that come.
    pub(crate) async fn stream(
        &mut self,
        method: &'static str,
        count: usize,
    ) -> Result<Streaming<String>, Status> {
        self.0.ready().await.expect("connected");
        let path = PathAndQuery::from_static(method);
        let messages = tokio_stream::iter(vec!["hello".to_owned(); count]);
        let answer = self
            .0
            .streaming(Request::new(messages), path, Codec::default());
        Ok(answer.await?.into_inner())
    }
}

/// The messages of a stream, or its status.
pub(crate) async fn all(mut stream: Streaming<String>) -> Result<usize, Status> {
    let mut count = 0;
    while stream.message().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// The head of the answer to a request of HTTP/1.1, by its text, and its body.
pub(crate) async fn ask(server: &Fixture, request: &str) -> (String, String) {
    let mut client = Raw::connect(server.address).await;
    client.send(request).await;
    let answer = String::from_utf8(client.read_to_close().await).expect("a text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// `GET` of a path, with more lines of a head.
pub(crate) fn get_with(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n")
}

/// The headers and the body of the answer to a `GET` by HTTP/2.
pub(crate) async fn ask_http2(server: &Fixture, path: &str) -> (HeaderMap, Bytes) {
    let mut client = crate::client::http2(server.address).await;
    let uri = format!("http://test{path}");
    let request = ::http::Request::get(uri)
        .body(http_body_util::Empty::new())
        .unwrap();
    let response = client.send_request(request).await.expect("it answers");
    let (head, body) = response.into_parts();
    (
        head.headers,
        body.collect().await.expect("a body").to_bytes(),
    )
}
