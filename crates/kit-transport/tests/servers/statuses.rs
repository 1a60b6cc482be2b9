//! Statuses of gRPC that are large, or that report a message as too large.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::uri::PathAndQuery;
use axum::Router;
use kit_transport::{ApiError, ConnectionOptions, grpc, http};
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE, no_task_is_left};

/// The most metadata that grpcio takes, in bytes.
const METADATA: u32 = 8 << 10;
const LIMIT: usize = 100_000;

type Answering = dyn Fn(String) -> Result<String, Status> + Send + Sync;
type Stream = Pin<Box<dyn tokio_stream::Stream<Item = Result<String, Status>> + Send>>;

/// Answers each text with one, in unary calls and in streams; the size of a message has a limit.
#[derive(Clone)]
struct Answers(Arc<Answering>);

impl NamedService for Answers {
    const NAME: &'static str = "test.Answers";
}

impl Service<::http::Request<Body>> for Answers {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<Body>) -> Self::Future {
        let answer = Arc::clone(&self.0);
        Box::pin(async move {
            let streams = request.uri().path().ends_with("Stream");
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default())
                .max_decoding_message_size(LIMIT)
                .max_encoding_message_size(LIMIT);
            Ok(if streams {
                let each = tower::service_fn(move |request: Request<Streaming<String>>| {
                    let answer = Arc::clone(&answer);
                    let answers = request
                        .into_inner()
                        .map(move |text| text.and_then(|text| answer(text)));
                    async move { Ok::<_, Status>(Response::new(Box::pin(answers) as Stream)) }
                });
                grpc.streaming(each, request).await
            } else {
                let one = tower::service_fn(move |request: Request<String>| {
                    let answer = answer(request.into_inner());
                    async move { answer.map(Response::new) }
                });
                grpc.unary(one, request).await
            })
        })
    }
}

/// The same services on a server of each kind.
async fn servers(
    answer: impl Fn(String) -> Result<String, Status> + Send + Sync + 'static,
) -> [Fixture; 2] {
    let answers = Answers(Arc::new(answer));
    let services = grpc::Services::new().service(answers.clone());
    let both = http::Server::new(ANY_PORT, Router::new()).grpc(services);
    [
        Fixture::grpc(|grpc| grpc.service(answers)).await,
        Fixture::start(both).await,
    ]
}

async fn connect(server: &Fixture) -> Client<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address));
    let endpoint = endpoint.unwrap().http2_max_header_list_size(METADATA);
    let channel = endpoint.connect().await.expect("it accepts");
    let large = 1 << 30;
    Client::new(channel)
        .max_decoding_message_size(large)
        .max_encoding_message_size(large)
}

/// The status of a call in each of the two ways.
async fn ask(client: &mut Client<Channel>, text: &str) -> [Result<String, Status>; 2] {
    let codec = ProstCodec::<String, String>::default;
    let path = |path| PathAndQuery::from_static(path);
    client.ready().await.expect("it is connected");
    let one = client
        .unary(
            Request::new(text.to_owned()),
            path("/test.Answers/One"),
            codec(),
        )
        .await;
    client.ready().await.expect("it is connected");
    let texts = tokio_stream::once(text.to_owned());
    let many = client
        .streaming(Request::new(texts), path("/test.Answers/Stream"), codec())
        .await;
    let many = match many {
        Ok(answers) => {
            let answer = answers.into_inner().message().await;
            answer.map(|text| text.expect("one at least"))
        }
        Err(status) => Err(status),
    };
    [one.map(Response::into_inner), many]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_of_an_error_arrives_however_large_the_error_is() {
    let servers = servers(|text| {
        let size = text.parse().expect("a number");
        let error = ApiError::not_found("ORDER_UNKNOWN", "\u{20ac}1 ".repeat(size));
        let error = (0..size).fold(error, |error, key| {
            error.with_metadata(format!("key{key}"), "\u{1}value")
        });
        Err(error.into())
    })
    .await;
    for server in &servers {
        let mut client = connect(server).await;
        for size in [1, 100, 200, 300, 400, 1_000, 10_000] {
            for answer in ask(&mut client, &size.to_string()).await {
                let status = answer.expect_err("an error");
                assert_eq!(status.code(), Code::NotFound, "{size}: {status:?}");
                let info = status.get_details_error_info().expect("details");
                assert_eq!(info.reason, "ORDER_UNKNOWN");
                assert!(status.message().starts_with("\u{20ac}1 "));
                let cut = size > 100;
                assert_eq!(
                    status.message().ends_with("…(cut)")
                        || info.metadata.contains_key("metadata_cut"),
                    cut,
                    "{size}"
                );
            }
        }
    }
    for server in servers {
        server.stop_within(PATIENCE).await;
    }
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_of_a_status_arrives_however_large_the_status_is() {
    let servers = servers(|text| {
        let size = text.parse().expect("a number");
        let message = "\u{20ac}".repeat(size);
        Err(Status::with_details(
            Code::DataLoss,
            message,
            vec![7; size].into(),
        ))
    })
    .await;
    for server in &servers {
        let mut client = connect(server).await;
        for size in [100, 800, 1_000, 5_000, 6_000, 100_000] {
            for answer in ask(&mut client, &size.to_string()).await {
                let status = answer.expect_err("an error");
                assert_eq!(status.code(), Code::DataLoss, "{size}: {status:?}");
                let cut = status.message().ends_with("cut)");
                assert_eq!(cut, size >= 800, "{size}: {status:?}");
            }
        }
    }
    for server in servers {
        server.stop_within(PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_too_large_is_resource_exhausted_in_either_direction() {
    let servers = servers(|text| Ok(text.repeat(if text.len() > LIMIT / 2 { 3 } else { 1 }))).await;
    for server in &servers {
        let mut client = connect(server).await;
        for answer in ask(&mut client, "small").await {
            assert_eq!(answer.expect("an answer"), "small");
        }
        for (size, what) in [
            (
                LIMIT + 1,
                "a message of the request has 100005 bytes, and at most 100000",
            ),
            (
                LIMIT * 2 / 3,
                "a message of the response has 200002 bytes, and at most 100000",
            ),
        ] {
            for answer in ask(&mut client, &"x".repeat(size)).await {
                let status = answer.expect_err("too large");
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                assert!(status.message().starts_with(what), "{status:?}");
            }
        }
    }
    for server in servers {
        server.stop_within(PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_is_too_large_is_resource_exhausted_and_names_the_limit() {
    let options = ConnectionOptions {
        max_head: 20_000,
        ..ConnectionOptions::default()
    };
    let answers = Answers(Arc::new(Ok));
    let services = grpc::Services::new().service(answers.clone());
    let both = http::Server::new(ANY_PORT, Router::new()).grpc(services);
    let alone = grpc::Server::new(ANY_PORT).service(answers);
    for server in [
        Fixture::start(both.connections(options.clone())).await,
        Fixture::start(alone.connections(options)).await,
    ] {
        let mut client = connect(&server).await;
        for (size, fits) in [
            (19_000, true),
            (20_000, false),
            (38_000, false),
            (19_000, true),
        ] {
            client.ready().await.expect("it is connected");
            let mut request = Request::new("text".to_owned());
            let value = "x".repeat(size).parse().expect("plain");
            request.metadata_mut().insert("large", value);
            let path = PathAndQuery::from_static("/test.Answers/One");
            let codec = ProstCodec::<String, String>::default();
            let answer = client.unary(request, path, codec).await;
            if fits {
                assert_eq!(answer.expect("an answer").into_inner(), "text");
                continue;
            }
            let status = answer.expect_err("too large");
            assert_eq!(status.code(), Code::ResourceExhausted, "{size}: {status:?}");
            assert!(
                status.message().contains("at most 20000 bytes"),
                "{status:?}"
            );
        }
        drop(client);
        server.stop_within(PATIENCE).await;
    }
    no_task_is_left().await;
}
