//! What Kit adds to a request: one entry, from which handlers, layers and services read.

use std::net::SocketAddr;

use ::http::{Extensions, Request};
use axum::Router;
use axum::extract::{ConnectInfo, Request as AxumRequest};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use http_body_util::BodyExt as _;
use kit_transport::grpc::RequestExt as _;
use kit_transport::http::ServerScope;
use kit_transport::{ApiError, CallContext, Draining, Peer, Values, grpc, http};
use tonic::codegen::Service;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tower::ServiceExt as _;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

async fn count(request: AxumRequest) -> String {
    format!("{} entries", request.extensions().len())
}

/// What axum itself has added before the handler runs.
async fn without_kit(router: Router) -> String {
    let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

fn number(text: &str) -> usize {
    text.split(' ').next().unwrap().parse().expect("a number")
}

/// A value of an application.
#[derive(Clone, Debug, PartialEq)]
struct Zone(&'static str);

fn of_author() -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert("added");
    extensions.insert(Zone("added"));
    extensions
}

async fn entries(server: Fixture) -> usize {
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    let answer = client.read_to("entries").await;
    server.stop_within(PATIENCE).await.nothing_cut();
    number(answer.rsplit("\r\n").next().unwrap())
}

#[tokio::test]
async fn a_request_of_http_has_one_entry_and_what_was_asked_for() {
    let router = Router::new().route("/", get(count));
    let axums = number(&without_kit(router.clone()).await);
    let server = || http::Server::new(ANY_PORT, router.clone());
    let plain = Fixture::start(server()).await;
    assert_eq!(entries(plain).await - axums, 1);
    let of_axum = Fixture::start(server().connect_info()).await;
    assert_eq!(entries(of_axum).await - axums, 2);
    let added = Fixture::with(server(), of_author()).await;
    assert_eq!(entries(added).await - axums, 3);
    let given = |ctx: kit_transport::Context| {
        let mut values = Values::new();
        values.insert("given");
        values.insert(Zone("given"));
        ctx.with_app_values(values)
    };
    let given = Fixture::in_context(server(), given).await;
    assert_eq!(
        entries(given).await - axums,
        1,
        "the app's values are in it"
    );
}

/// Refuses each call by the number of its entries.
fn counting()
-> InterceptedService<HealthServer<impl Health>, impl tonic::service::Interceptor + Clone> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    InterceptedService::new(health, |request: tonic::Request<()>| {
        let count = request.extensions().len();
        Err::<tonic::Request<()>, _>(Status::aborted(format!("{count} entries")))
    })
}

#[tokio::test]
async fn a_request_of_grpc_has_tonics_connect_info_beside_it() {
    let request = Request::post("/grpc.health.v1.Health/Check")
        .header("content-type", "application/grpc")
        .body(tonic::body::Body::empty())
        .unwrap();
    let response = counting().call(request).await.unwrap();
    let alone = response.headers()["grpc-message"].to_str().unwrap();
    let alone = number(&alone.replace("%20", " "));
    for (extensions, expected) in [(Extensions::new(), 2), (of_author(), 4)] {
        let server = grpc::Server::new(ANY_PORT).service(counting());
        let server = Fixture::with(server, extensions).await;
        let refused = check(&server).await.unwrap_err();
        assert_eq!(refused.code(), Code::Aborted, "{refused}");
        assert_eq!(number(refused.message()) - alone, expected);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

async fn check(server: &Fixture) -> Result<(), Status> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let mut client = HealthClient::new(endpoint.connect().await.unwrap());
    client.check(HealthCheckRequest::default()).await.map(drop)
}

#[tokio::test]
async fn a_layer_and_the_extractors_read_the_same_context() {
    async fn layer(request: AxumRequest, next: Next) -> Response {
        let call = CallContext::of(request.extensions())
            .expect("Kit's")
            .clone();
        let mut response = next.run(request).await;
        let zone = call.app::<Zone>().map_or("none", |zone| zone.0);
        let seen = format!("{} {} {zone}", call.peer().remote, call.scope().path());
        let headers = response.headers_mut();
        headers.insert("x-layer", seen.parse().unwrap());
        response
    }
    async fn handler(
        peer: Peer,
        ServerScope(scope): ServerScope,
        draining: Draining,
        call: CallContext,
    ) -> String {
        assert_eq!(call.app::<u8>(), None);
        assert!(!draining.is_draining() && !call.draining().is_draining());
        let zone = call.app::<Zone>().map_or("none", |zone| zone.0);
        format!("{} {} {zone}.", peer.remote, scope.path())
    }
    let router = Router::new().route("/", get(handler));
    let router = router.layer(from_fn(layer));
    for (ctx_values, zone) in [(true, "sh001"), (false, "none")] {
        let server = http::Server::new(ANY_PORT, router.clone());
        let server = Fixture::in_context(server, |ctx| {
            let mut values = Values::new();
            if ctx_values {
                values.insert(Zone("sh001"));
            }
            ctx.with_app_values(values)
        });
        let server = server.await;
        let mut client = Raw::connect(server.address).await;
        let expected = format!("{} test/http {zone}", client.0.local_addr().unwrap());
        client.get("/").await;
        let answer = client.read_to(&format!("{expected}.")).await;
        assert!(
            answer.contains(&format!("x-layer: {expected}\r\n")),
            "{answer}"
        );
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_drain_is_seen_by_the_context_of_a_request() {
    async fn handler(call: CallContext) -> &'static str {
        let begun = call.draining().draining();
        call.scope().spawn_value("asked", async {});
        begun.await;
        "drained"
    }
    let server = Fixture::http(Router::new().route("/", get(handler))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    while server.ctx.in_flight(1).is_empty() {
        tokio::task::yield_now().await;
    }
    let (ended, answer) = tokio::join!(server.stop_within(PATIENCE), client.read_to("drained"));
    ended.nothing_cut();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn connect_info_is_there_when_it_was_asked_for() {
    async fn handler(ConnectInfo(client): ConnectInfo<SocketAddr>) -> String {
        format!("{client}.")
    }
    let router = Router::new().route("/", get(handler));
    let server = http::Server::new(ANY_PORT, router).connect_info();
    let server = Fixture::start(server).await;
    let mut client = Raw::connect(server.address).await;
    let own = client.0.local_addr().unwrap();
    client.get("/").await;
    client.read_to(&format!("\r\n\r\n{own}.")).await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_request_of_tonic_gives_what_kit_knows_of_it() {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let service = InterceptedService::new(health, |request: tonic::Request<()>| {
        let addresses = request
            .extensions()
            .get::<TcpConnectInfo>()
            .expect("tonic's");
        assert_eq!(request.peer()?.ip(), addresses.remote_addr());
        assert_eq!(request.remote_addr(), addresses.remote_addr());
        assert_eq!(request.local_addr(), addresses.local_addr());
        assert_eq!(request.scope()?.path(), "test/grpc");
        assert!(!request.draining()?.is_draining());
        assert_eq!(request.app::<Zone>()?, &Zone("sh001"));
        assert_eq!(request.call_context()?.app(), Some(&Zone("sh001")));
        let missing = request.app::<u8>().unwrap_err();
        assert_eq!(missing.code(), Code::Internal);
        assert_eq!(missing.message(), "the app has no such value");
        Ok(request)
    });
    let server = grpc::Server::new(ANY_PORT).service(service);
    let server = Fixture::in_context(server, |ctx| {
        let mut values = Values::new();
        values.insert(Zone("sh001"));
        ctx.with_app_values(values)
    });
    let server = server.await;
    assert_eq!(server.ctx.app(), Some(&Zone("sh001")));
    check(&server).await.expect("the interceptor lets it pass");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn without_a_server_of_kits_each_says_so() {
    let expected = "the request did not come by a server of Kit's";
    let request = tonic::Request::new(());
    for error in [
        request.call_context().map(drop).unwrap_err(),
        request.peer().map(drop).unwrap_err(),
        request.scope().map(drop).unwrap_err(),
        request.draining().map(drop).unwrap_err(),
        request.app::<Zone>().map(drop).unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::Internal);
        assert_eq!(error.message(), expected);
    }
    assert!(CallContext::of(request.extensions()).is_none());
    let errors = extract().await;
    for error in errors {
        assert_eq!((error.code(), error.message()), (500, "internal error"));
        assert_eq!(error.source().unwrap().to_string(), expected);
    }
}

/// The rejection of each extractor.
async fn extract() -> [ApiError; 4] {
    use axum::extract::FromRequestParts as _;
    let (mut parts, ()) = Request::new(()).into_parts();
    [
        CallContext::from_request_parts(&mut parts, &())
            .await
            .unwrap_err(),
        Draining::from_request_parts(&mut parts, &())
            .await
            .unwrap_err(),
        Peer::from_request_parts(&mut parts, &()).await.unwrap_err(),
        ServerScope::from_request_parts(&mut parts, &())
            .await
            .unwrap_err(),
    ]
}
