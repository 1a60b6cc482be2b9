//! gRPC: health, reflection, unary calls, and their end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll};

use ::http::uri::PathAndQuery;
use kit_transport::{Cut, Stage, grpc};
use tokio_stream::StreamExt as _;
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

use crate::drain_http1::Held;
use crate::fixture::{Fixture, PATIENCE, no_task_is_left};

type Codec = ProstCodec<(), String>;

/// A service with one method, which answers with its client's address once the test lets it.
#[derive(Clone)]
struct Asking(Held);

impl NamedService for Asking {
    const NAME: &'static str = "test.Asking";
}

impl Service<::http::Request<Body>> for Asking {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<Body>) -> Self::Future {
        let held = self.0.clone();
        Box::pin(async move {
            assert!(request.uri().path() != "/test.Asking/Panic", "on purpose");
            let answer = tower::service_fn(move |request: Request<()>| {
                let held = held.clone();
                async move {
                    held.hold().await;
                    let remote = request.remote_addr().expect("tonic knows the client");
                    Ok::<_, Status>(Response::new(remote.to_string()))
                }
            });
            Ok(Grpc::new(ProstCodec::<String, ()>::default())
                .unary(answer, request)
                .await)
        })
    }
}

async fn connect(server: &Fixture) -> Channel {
    Endpoint::from_shared(format!("http://{}", server.address))
        .unwrap()
        .connect()
        .await
        .expect("it accepts")
}

async fn ask(channel: Channel, path: &'static str) -> Result<String, Status> {
    let mut client = Client::new(channel);
    client
        .ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let path = PathAndQuery::from_static(path);
    client
        .unary(Request::new(()), path, Codec::default())
        .await
        .map(Response::into_inner)
}

fn named(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_flight_is_answered_and_knows_its_client() {
    let held = Held::new();
    let server = Fixture::grpc(|grpc| grpc.service(Asking(held.clone()))).await;
    let channel = connect(&server).await;
    let token = server.ctx.scope().token().clone();
    let stop = async {
        held.begun().await;
        server.stop_within(PATIENCE).await
    };
    let let_go = async {
        token.cancelled().await;
        held.go.add_permits(1);
    };
    let (ended, answer, ()) = tokio::join!(stop, ask(channel, "/test.Asking/Address"), let_go);
    assert!(answer.unwrap().starts_with("127.0.0.1:"));
    ended.before_its_deadline().nothing_cut();
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_channel_holds_up_no_stop() {
    let server = Fixture::grpc(|grpc| grpc).await;
    let channel = connect(&server).await;
    let mut health = HealthClient::new(channel);
    health.check(named("")).await.unwrap();
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    drop(health);
    no_task_is_left().await;
}

/// Reflection as an author writes it.
#[derive(Clone)]
struct OwnReflection;

impl NamedService for OwnReflection {
    const NAME: &'static str = "grpc.reflection.v1.ServerReflection";
}

impl Service<::http::Request<Body>> for OwnReflection {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: ::http::Request<Body>) -> Self::Future {
        std::future::ready(Ok(Status::aborted("the author's").into_http()))
    }
}

#[tokio::test]
async fn a_reflection_service_of_the_authors_is_not_replaced_in_silence() {
    let server = grpc::Server::new(crate::fixture::ANY_PORT)
        .service(OwnReflection)
        .reflection(tonic_health::pb::FILE_DESCRIPTOR_SET);
    if kit_transport::Server::check(&server).is_err() {
        return;
    }
    let server = Fixture::start(server).await;
    let channel = connect(&server).await;
    let answer = ask(channel, "/grpc.reflection.v1.ServerReflection/Any").await;
    assert_eq!(answer.unwrap_err().message(), "the author's");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn reflection_that_a_file_switches_off_is_not_offered() {
    let path = "/grpc.reflection.v1.ServerReflection/Any";
    for (offered, expected) in [(true, false), (false, true)] {
        let options = grpc::ServerOptions {
            listen: crate::fixture::ANY_PORT.into(),
            reflection: offered,
            ..grpc::ServerOptions::default()
        };
        let server =
            grpc::Server::with_options(&options).reflection(tonic_health::pb::FILE_DESCRIPTOR_SET);
        let server = Fixture::start(server).await;
        let answer = ask(connect(&server).await, path).await.unwrap_err();
        let is_unknown = answer.message().contains("ServerReflection");
        assert_eq!(is_unknown, expected, "{answer:?}");
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

/// A service whose clone panics while the server serves.
struct Unclonable(Arc<AtomicBool>);

impl Clone for Unclonable {
    fn clone(&self) -> Unclonable {
        assert!(!self.0.load(Ordering::Relaxed), "on purpose, in a clone");
        Unclonable(Arc::clone(&self.0))
    }
}

impl NamedService for Unclonable {
    const NAME: &'static str = "test.Unclonable";
}

impl Service<::http::Request<Body>> for Unclonable {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: ::http::Request<Body>) -> Self::Future {
        unreachable!("it is called on a clone")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_clone_of_a_service_is_internal_and_ends_no_other_call() {
    let held = Held::new();
    let serving = Arc::new(AtomicBool::new(false));
    let unclonable = Unclonable(Arc::clone(&serving));
    let server = Fixture::grpc(|grpc| grpc.service(Asking(held.clone())).service(unclonable)).await;
    serving.store(true, Ordering::Relaxed);
    let channel = connect(&server).await;
    let panicked = async {
        held.begun().await;
        let panicked = ask(channel.clone(), "/test.Unclonable/Any").await;
        held.go.add_permits(1);
        panicked.unwrap_err()
    };
    let beside = ask(channel.clone(), "/test.Asking/Address");
    let (beside, panicked) = tokio::join!(beside, panicked);
    assert!(beside.is_ok(), "{beside:?}");
    assert_eq!(
        (panicked.code(), panicked.message()),
        (Code::Internal, "internal error")
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_service_is_unimplemented_and_a_panic_is_internal() {
    let server = Fixture::grpc(|grpc| grpc.service(Asking(Held::new()))).await;
    let channel = connect(&server).await;
    let unknown = ask(channel.clone(), "/test.Nothing/Here")
        .await
        .unwrap_err();
    assert_eq!(
        (unknown.code(), unknown.message()),
        (Code::Unimplemented, "unknown service test.Nothing")
    );
    let panicked = ask(channel.clone(), "/test.Asking/Panic")
        .await
        .unwrap_err();
    assert_eq!(
        (panicked.code(), panicked.message()),
        (Code::Internal, "internal error")
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_knows_the_services_and_follows_the_application() {
    let server = Fixture::grpc(|grpc| grpc.service(Asking(Held::new()))).await;
    let mut health = HealthClient::new(connect(&server).await);
    for service in ["", "test.Asking"] {
        let answer = health.check(named(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    assert_eq!(
        health
            .check(named("test.Nothing"))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    server.lame_duck(PATIENCE);
    let answer = health.check(named("")).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::NotServing);
    server.drain().await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_watch_sees_the_stop_and_ends_with_unavailable() {
    let server = Fixture::grpc(|grpc| grpc).await;
    let mut health = HealthClient::new(connect(&server).await);
    let mut watch = health.watch(named("")).await.unwrap().into_inner();
    assert_eq!(
        watch.next().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    server.life.send_modify(|life| life.healthy = false);
    assert_eq!(
        watch.next().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    server.life.send_modify(|life| life.healthy = true);
    assert_eq!(
        watch.next().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    let mut unknown = health
        .watch(named("test.Nothing"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        unknown.next().await.unwrap().unwrap().status(),
        ServingStatus::ServiceUnknown
    );

    server.life.send_modify(|life| life.stage = Stage::LameDuck);
    server.lame_duck(PATIENCE);
    assert_eq!(
        watch.next().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    let watching = async {
        let last = watch.next().await.unwrap().unwrap_err();
        let unknown = unknown.next().await.unwrap().unwrap_err();
        (last.code(), unknown.code())
    };
    let (ended, codes) = tokio::join!(server.drain(), watching);
    assert_eq!(codes, (Code::Unavailable, Code::Unavailable));
    ended.before_its_deadline().nothing_cut();
    drop((health, watch, unknown));
    no_task_is_left().await;
}

macro_rules! reflection_test {
    ($name:ident, $version:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            use tonic_reflection::pb::$version as pb;

            let server =
                Fixture::grpc(|grpc| grpc.reflection(tonic_health::pb::FILE_DESCRIPTOR_SET)).await;
            let channel = connect(&server).await;
            let mut client = pb::server_reflection_client::ServerReflectionClient::new(channel);
            let list = pb::server_reflection_request::MessageRequest::ListServices(String::new());
            let request = pb::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(list),
            };
            // The client's side stays open.
            let requests = tokio_stream::once(request).chain(tokio_stream::pending());
            let mut answers = client
                .server_reflection_info(requests)
                .await
                .unwrap()
                .into_inner();
            let answer = answers.next().await.unwrap().unwrap();
            let Some(pb::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
                answer.message_response
            else {
                panic!("a list: {answer:?}")
            };
            assert!(
                list.service
                    .iter()
                    .any(|service| service.name == "grpc.health.v1.Health"),
                "{list:?}"
            );
            let (ended, end) = tokio::join!(server.stop_within(PATIENCE), answers.next());
            assert_eq!(end.unwrap().unwrap_err().code(), Code::Unavailable);
            ended.before_its_deadline().nothing_cut();
            drop((client, answers));
            no_task_is_left().await;
        }
    };
}

reflection_test!(reflection_v1_lists_services_and_ends_with_unavailable, v1);
reflection_test!(
    reflection_v1alpha_lists_services_and_ends_with_unavailable,
    v1alpha
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_an_end_is_cut_at_the_deadline_and_named() {
    let held = Held::new();
    let server = Fixture::grpc(|grpc| grpc.service(Asking(held.clone()))).await;
    let channel = connect(&server).await;
    let stop = async {
        held.begun().await;
        server
            .stop_within(std::time::Duration::from_millis(300))
            .await
    };
    let (ended, answer) = tokio::join!(stop, ask(channel, "/test.Asking/Address"));
    assert!(answer.is_err());
    ended.not_before(300).cut(Cut::Request, 1);
    assert!(
        ended.ctx.cuts().names_of(Cut::Request)[0].starts_with("POST /test.Asking/Address from ")
    );
    no_task_is_left().await;
}
