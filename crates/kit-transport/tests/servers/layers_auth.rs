//! Which callers get through to a handler.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use ::http::request::Parts;
use ::http::uri::PathAndQuery;
use ::http::{HeaderValue, Request, header};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get, post};
use kit_transport::grpc::RequestExt as _;
use kit_transport::layers::{self, Authenticate, Claims, Scheme, Select};
use kit_transport::{ApiError, CallContext, grpc, http};
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tower::ServiceBuilder;
use tracing::Level;

use crate::client::{Raw, http2};
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::log;

#[cfg(feature = "jwt")]
mod jwt;

/// A caller by its name.
#[derive(Debug)]
pub(crate) struct User(String);

/// Knows each caller that says its name: `authorization: Name alice`. It waits first, as for a store.
pub(crate) struct ByName;

impl Scheme for ByName {
    type Claims = User;

    async fn authenticate(&self, head: &Parts) -> Result<User, ApiError> {
        tokio::task::yield_now().await;
        let value = head.headers.get(header::AUTHORIZATION);
        match value.and_then(|value| value.to_str().ok()?.strip_prefix("Name ")) {
            Some("store") => Err(ApiError::unavailable("STORE", "try again")),
            Some(name) => Ok(User(name.to_owned())),
            None => Err(ApiError::unauthorized("UNAUTHORIZED", "say your name")
                .with_source("there is no name in it")),
        }
    }

    fn challenge(&self, _refusal: &ApiError) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("Name"))
    }
}

/// How often a handler has run.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Greets the caller: `One` as a call, `Many` as a stream in both directions.
#[derive(Clone)]
struct Greeter(Runs);

impl NamedService for Greeter {
    const NAME: &'static str = "test.Greeter";
}

impl Service<Request<tonic::body::Body>> for Greeter {
    type Response = ::http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let runs = self.0.clone();
        Box::pin(async move {
            let is_one = request.uri().path().ends_with("/One");
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            let one = tower::service_fn({
                let runs = runs.clone();
                move |request: tonic::Request<String>| {
                    runs.add();
                    async move {
                        let user = request.claims::<User>()?;
                        Ok::<_, Status>(tonic::Response::new(user.0.0.clone()))
                    }
                }
            });
            let many = tower::service_fn(move |request: tonic::Request<Streaming<String>>| {
                runs.add();
                async move {
                    let user = request.claims::<User>()?;
                    let stream = tokio_stream::once(Ok::<_, Status>(user.0.0.clone()));
                    Ok::<_, Status>(tonic::Response::new(stream))
                }
            });
            Ok(if is_one {
                grpc.unary(one, request).await
            } else {
                grpc.streaming(many, request).await
            })
        })
    }
}

fn router(runs: &Runs) -> Router {
    async fn hello(Claims(user): Claims<User>) -> String {
        format!("hello {}.", user.0)
    }
    async fn events(
        Claims(user): Claims<User>,
    ) -> Sse<tokio_stream::Once<Result<Event, Infallible>>> {
        Sse::new(tokio_stream::once(Ok(Event::default().data(&user.0))))
    }
    let counted = |router: Router| {
        let runs = runs.clone();
        router.layer(axum::middleware::from_fn(
            move |request, next: axum::middleware::Next| {
                runs.add();
                next.run(request)
            },
        ))
    };
    let router = Router::new()
        .route("/hello", get(hello))
        .route("/body", post(async |body: Bytes| body.len().to_string()))
        .route("/events", get(events))
        .route("/login", get(|| async { "please." }))
        .route("/admin/{what}", get(|| async { "secret." }))
        .route("/optional", get(optional))
        .nest_service("/files", any(|| async { "file." }));
    #[cfg(feature = "ws")]
    let router = router.route("/ws", any(upgrade));
    counted(router)
}

async fn optional(user: Option<Claims<User>>) -> String {
    let name = user.map_or("you".to_owned(), |user| user.0.0.clone());
    format!("hello {name}.")
}

#[cfg(feature = "ws")]
async fn upgrade(upgrade: http::WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async |_socket| {})
}

fn by_name() -> Authenticate<ByName> {
    layers::authenticate(ByName)
}

async fn serve(runs: &Runs, stack: impl layers::Stack) -> Fixture {
    let server = http::Server::new(ANY_PORT, router(runs))
        .grpc(grpc::Services::new().service(Greeter(runs.clone())))
        .layers(stack);
    Fixture::start(server).await
}

/// The answer to a request over HTTP/1.1, whose head has these lines as well.
async fn ask(server: &Fixture, first: &str, lines: &str) -> String {
    let mut client = Raw::connect(server.address).await;
    client
        .send(format!(
            "{first} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}\r\n"
        ))
        .await;
    String::from_utf8(client.read_to_close().await).expect("a text")
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).expect("a status").parse().unwrap()
}

async fn channel(server: &Fixture) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    endpoint.connect().await.unwrap()
}

fn with<T>(authorization: Option<&'static str>, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    if let Some(authorization) = authorization {
        let value = authorization.parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

async fn one(channel: &Channel, authorization: Option<&'static str>) -> Result<String, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.expect("connected");
    let path = PathAndQuery::from_static("/test.Greeter/One");
    let codec = ProstCodec::<String, String>::default();
    let answer = client.unary(with(authorization, "hi".to_owned()), path, codec);
    answer.await.map(tonic::Response::into_inner)
}

/// The first message of a stream whose client sends none and does not end.
async fn many(channel: &Channel, authorization: Option<&'static str>) -> Result<String, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.expect("connected");
    let path = PathAndQuery::from_static("/test.Greeter/Many");
    let codec = ProstCodec::<String, String>::default();
    let request = with(authorization, tokio_stream::pending::<String>());
    let mut stream = client.streaming(request, path, codec).await?.into_inner();
    stream.message().await.map(|message| message.expect("one"))
}

#[tokio::test]
async fn over_http1_an_unknown_caller_is_refused_before_the_handler_runs() {
    let runs = Runs::default();
    let server = serve(&runs, by_name()).await;
    for first in [
        "GET /hello",
        "GET /events",
        "GET /login",
        "GET /files/a",
        "DELETE /hello",
        "GET /nothing",
        "OPTIONS *",
    ] {
        let answer = ask(&server, first, "").await;
        assert_eq!(status(&answer), 401, "{first}: {answer}");
        assert!(answer.contains("www-authenticate: Name\r\n"), "{answer}");
        assert!(answer.contains(r#""reason":"UNAUTHORIZED""#), "{answer}");
        assert!(!answer.contains("in it"), "{answer}");
    }
    // The body is not asked for.
    let lines = "content-length: 1000000\r\nexpect: 100-continue\r\n";
    let answer = ask(&server, "POST /body", lines).await;
    assert_eq!(status(&answer), 401, "{answer}");
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let answer = ask(&server, "GET /ws", upgrade).await;
    assert_eq!(status(&answer), 401, "{answer}");
    assert_eq!(runs.count(), 0);

    let alice = "authorization: Name alice\r\n";
    let answer = ask(&server, "GET /hello", alice).await;
    assert!(answer.ends_with("hello alice."), "{answer}");
    let answer = ask(&server, "GET /events", alice).await;
    assert!(answer.contains("data: alice\n\n"), "{answer}");
    let answer = ask(&server, "GET /nothing", alice).await;
    assert_eq!(status(&answer), 404, "{answer}");
    let busy = ask(&server, "GET /hello", "authorization: Name store\r\n").await;
    assert_eq!(status(&busy), 503, "{busy}");
    assert!(!busy.contains("www-authenticate"), "{busy}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn a_known_caller_gets_its_websocket() {
    let runs = Runs::default();
    let server = serve(&runs, by_name()).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send(
            "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             authorization: Name alice\r\n\r\n",
        )
        .await;
    let head = client.read_head().await;
    assert_eq!(status(&head), 101, "{head}");
    drop(client);
    server.stop_within(PATIENCE).await;
}

#[tokio::test]
async fn over_http2_an_unknown_caller_is_refused_before_the_handler_runs() {
    let runs = Runs::default();
    let server = serve(&runs, by_name()).await;
    let mut client = http2(server.address).await;
    let mut ask = async |path: &str, authorization: Option<&str>| {
        let mut request = Request::get(format!("http://a{path}"));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(http_body_util::Empty::new()).unwrap();
        let response = client.send_request(request).await.unwrap();
        let challenge = response.headers().contains_key("www-authenticate");
        (response.status().as_u16(), challenge)
    };
    for path in ["/hello", "/events", "/nothing"] {
        assert_eq!(ask(path, None).await, (401, true), "{path}");
    }
    assert_eq!(runs.count(), 0);
    assert_eq!(ask("/hello", Some("Name bob")).await, (200, false));
    assert_eq!(runs.count(), 1);
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn over_grpc_an_unknown_caller_is_refused_before_a_call_or_a_stream_begins() {
    let runs = Runs::default();
    let server = serve(&runs, by_name()).await;
    let channel = channel(&server).await;
    for refused in [one(&channel, None).await, many(&channel, None).await] {
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::Unauthenticated, "say your name")
        );
        let error = ApiError::from(refused);
        assert_eq!((error.code(), error.reason()), (401, "UNAUTHORIZED"));
    }
    assert_eq!(runs.count(), 0);
    let alice = Some("Name alice");
    assert_eq!(one(&channel, alice).await.unwrap(), "alice");
    assert_eq!(many(&channel, alice).await.unwrap(), "alice");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn health_and_reflection_of_grpc_are_open_and_only_there() {
    let runs = Runs::default();
    let server = serve(&runs, by_name()).await;
    let channel = channel(&server).await;
    let mut health = HealthClient::new(channel.clone());
    let healthy = health.check(HealthCheckRequest::default()).await;
    assert_eq!(healthy.unwrap().into_inner().status, 1);
    let codec = ProstCodec::<String, String>::default;
    let mut client = Client::new(channel);
    for (path, expected) in [
        (
            "/grpc.reflection.v1.ServerReflection/Missing",
            Code::Unimplemented,
        ),
        (
            "/grpc.reflection.v1alpha.ServerReflection/Missing",
            Code::Unimplemented,
        ),
        ("/grpc.reflection.v1evil.Orders/All", Code::Unauthenticated),
        ("/grpc.health.v1.HealthOfMine/Check", Code::Unauthenticated),
        (
            "/test.Nothing/grpc.health.v1.Health/",
            Code::Unauthenticated,
        ),
    ] {
        client.ready().await.unwrap();
        let path_and_query = PathAndQuery::from_static(path);
        let answer = client
            .unary(with(None, String::new()), path_and_query, codec())
            .await;
        assert_eq!(answer.unwrap_err().code(), expected, "{path}");
    }
    drop(client);
    drop(health);
    // A route of the same name is a route.
    let answer = ask(&server, "GET /grpc.health.v1.Health/Check", "").await;
    assert_eq!(status(&answer), 401, "{answer}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn what_is_excluded_passes_and_nothing_that_only_looks_like_it() {
    let runs = Runs::default();
    let layer = by_name()
        .except(Select::operation("/login"))
        .except(Select::operation("/optional"))
        .except(Select::prefix("/files/public/"))
        .except(Select::operation("/test.Greeter/One"));
    let server = serve(&runs, layer).await;
    for (path, expected) in [
        ("/login", 200),
        ("/login/", 401),
        ("/LOGIN", 401),
        ("/%6cogin", 401),
        ("//login", 401),
        ("/admin/login", 401),
        ("/files/public/a", 200),
        ("/files/public/a%20b", 200),
        ("/files/private", 401),
        ("/files/public/../private", 401),
        ("/files/public/%2e%2e/private", 401),
        ("/files/public/%2E./private", 401),
        ("/files/public/..%2fprivate", 401),
        ("/files/public/..%5cprivate", 401),
        ("/files/public/%252e%252e/private", 401),
        ("/files/public//../private", 401),
    ] {
        let answer = ask(&server, &format!("GET {path}"), "").await;
        assert_eq!(status(&answer), expected, "{path}: {answer}");
    }
    let answer = ask(&server, "GET /optional", "").await;
    assert!(answer.ends_with("hello you."), "{answer}");
    // Nothing looks at what it says.
    let alice = "authorization: Name alice\r\n";
    let answer = ask(&server, "GET /optional", alice).await;
    assert!(answer.ends_with("hello you."), "{answer}");

    // It has passed: it is the handler that has no claims. At its first call its method is not known yet.
    let channel = channel(&server).await;
    let (mut lines, _guard) = log::of_thread(Level::ERROR);
    let without = one(&channel, None).await.unwrap_err();
    assert_eq!(
        (without.code(), without.message()),
        (Code::Internal, "internal error")
    );
    let lines = log::logged(&mut lines).join("\n");
    assert!(lines.contains("layers_auth::User"), "{lines}");
    let refused = many(&channel, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_caller_does_what_its_claims_allow() {
    let runs = Runs::default();
    let is_admin = |user: &User| user.0 == "root";
    let selected = Select::prefix("/admin/").or(Select::prefix("/test.Greeter/"));
    let stack = ServiceBuilder::new()
        .layer(by_name())
        .layer(layers::authorize(selected, is_admin));
    let server = serve(&runs, stack).await;
    let alice = "authorization: Name alice\r\n";
    let answer = ask(&server, "GET /admin/keys", alice).await;
    assert_eq!(status(&answer), 403, "{answer}");
    assert!(answer.contains(r#""reason":"FORBIDDEN""#), "{answer}");
    assert_eq!(status(&ask(&server, "GET /admin/keys", "").await), 401);
    let channel = channel(&server).await;
    for refused in [
        one(&channel, Some("Name alice")).await,
        many(&channel, Some("Name alice")).await,
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    }
    assert_eq!(runs.count(), 0);
    assert_eq!(status(&ask(&server, "GET /hello", alice).await), 200);
    let root = "authorization: Name root\r\n";
    assert!(
        ask(&server, "GET /admin/keys", root)
            .await
            .ends_with("secret.")
    );
    assert_eq!(one(&channel, Some("Name root")).await.unwrap(), "root");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// A caller of another kind.
struct Robot;

#[tokio::test]
async fn without_claims_there_is_no_decision_and_the_log_says_why() {
    let runs = Runs::default();
    let all = || Select::prefix("");
    let outside = ServiceBuilder::new()
        .layer(layers::authorize(all(), |_: &User| true))
        .layer(by_name());
    let other = ServiceBuilder::new()
        .layer(by_name())
        .layer(layers::authorize(all(), |_: &Robot| true));
    let excluded = ServiceBuilder::new()
        .layer(by_name().except(all()))
        .layer(layers::authorize(all(), |_: &User| true));
    let alone = layers::authorize(all(), |_: &User| true);
    let servers = [
        serve(&runs, outside).await,
        serve(&runs, other).await,
        serve(&runs, excluded).await,
        serve(&runs, alone).await,
    ];
    let (mut lines, _guard) = log::of_thread(Level::ERROR);
    for server in servers {
        let answer = ask(&server, "GET /hello", "authorization: Name alice\r\n").await;
        assert_eq!(status(&answer), 500, "{answer}");
        assert!(!answer.contains("authenticate"), "{answer}");
        let line = log::logged(&mut lines).join("\n");
        assert!(
            line.contains("put `layers::authenticate` outside"),
            "{line}"
        );
        let channel = channel(&server).await;
        let failed = one(&channel, Some("Name alice")).await.unwrap_err();
        assert_eq!(
            (failed.code(), failed.message()),
            (Code::Internal, "internal error")
        );
        // Its health does not depend on callers.
        let mut health = HealthClient::new(channel);
        health.check(HealthCheckRequest::default()).await.unwrap();
        drop(health);
        server.stop_within(PATIENCE).await.nothing_cut();
        log::logged(&mut lines);
    }
    assert_eq!(runs.count(), 0);
}

#[tokio::test]
async fn a_handler_without_the_claims_that_it_takes_answers_500_and_the_log_says_why() {
    let runs = Runs::default();
    let server = serve(&runs, by_name().except(Select::operation("/hello"))).await;
    let (mut lines, _guard) = log::of_thread(Level::ERROR);
    let answer = ask(&server, "GET /hello", "").await;
    assert_eq!(status(&answer), 500, "{answer}");
    assert!(!answer.contains("Claims"), "{answer}");
    let line = log::logged(&mut lines).join("\n");
    assert!(line.contains("Claims<"), "{line}");
    assert!(line.contains("Option<Claims<"), "{line}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_in_the_log_at_debug() {
    let runs = Runs::default();
    let server = serve(&runs, by_name()).await;
    let (mut lines, _guard) = log::of_thread(Level::DEBUG);
    ask(&server, "GET /hello", "").await;
    let lines = log::logged(&mut lines);
    let line = lines.iter().find(|line| line.contains("was refused"));
    let line = line.expect("a line");
    assert!(line.contains("there is no name in it"), "{line}");
    assert!(line.contains("/hello"), "{line}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// As a library's layer inside reads it, and in a router that no server of Kit's serves.
#[tokio::test]
async fn layers_inside_find_the_claims_with_and_without_a_server() {
    async fn show(request: axum::extract::Request, next: axum::middleware::Next) -> String {
        let call = CallContext::of(request.extensions());
        let name = call.and_then(CallContext::claims::<User>);
        let name = name.map_or("none".to_owned(), |user| user.0.0.clone());
        let _ = next.run(request).await;
        name + "."
    }
    let stack = ServiceBuilder::new()
        .layer(by_name())
        .layer(axum::middleware::from_fn(show));
    let server = serve(&Runs::default(), stack).await;
    let answer = ask(&server, "GET /hello", "authorization: Name alice\r\n").await;
    assert!(answer.ends_with("alice."), "{answer}");
    server.stop_within(PATIENCE).await.nothing_cut();

    let is_alice = |user: &User| user.0 == "alice";
    let router = router(&Runs::default())
        .layer(layers::authorize(Select::prefix(""), is_alice))
        .layer(by_name());
    for (name, expected) in [("alice", 200), ("bob", 403)] {
        let request = Request::get("/hello").header("authorization", format!("Name {name}"));
        let request = request.body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(router.clone(), request).await;
        assert_eq!(response.unwrap().status(), expected);
    }
    let request = Request::get("/hello").body(Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(response.status(), 401);
}

/// A limit of tower's panics when it is called and was not asked whether it is ready; a clone of it was not.
#[tokio::test]
async fn the_service_that_is_called_is_the_one_that_was_ready() {
    let stack = ServiceBuilder::new()
        .layer(by_name().except(Select::operation("/login")))
        .concurrency_limit(1);
    let server = serve(&Runs::default(), stack.into_inner()).await;
    let alice = "authorization: Name alice\r\n";
    for _ in 0..3 {
        let answer = ask(&server, "GET /hello", alice).await;
        assert!(answer.ends_with("hello alice."), "{answer}");
        let answer = ask(&server, "GET /login", "").await;
        assert!(answer.ends_with("please."), "{answer}");
    }
    let channel = channel(&server).await;
    assert_eq!(one(&channel, Some("Name alice")).await.unwrap(), "alice");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// A client says by a header that its request is a call, to a router whose layers no server has put there.
#[tokio::test]
async fn a_header_of_grpc_makes_no_selection_miss_a_route() {
    use tower::ServiceExt as _;

    async fn status(router: Router, path: &str) -> u16 {
        let request = Request::get(path).header(header::CONTENT_TYPE, "application/grpc");
        let request = request.body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("it answers");
        match response.headers().get("grpc-status") {
            Some(code) => code.to_str().expect("a text").parse().expect("a code"),
            None => response.status().as_u16(),
        }
    }
    let serve = || async { "served" };
    for template in ["/admin/{id}", "/admin/{*rest}"] {
        let selected = Select::operation(template);
        let router = Router::new().route(template, get(serve));
        let router = router.layer(layers::on(selected, layers::authenticate(ByName)));
        let refused = status(router, "/admin/7").await;
        assert!(matches!(refused, 401 | 16), "{template}: {refused}");
    }
    let public = layers::authenticate(ByName).except(Select::prefix("/public/"));
    let router = Router::new().route("/{tenant}/7", get(serve));
    assert_eq!(status(router.layer(public.clone()), "/public/7").await, 401);
    for router in [
        Router::new().fallback(serve),
        Router::new().route("/public/{*rest}", get(serve)),
    ] {
        let refused = status(router.layer(public.clone()), "/public/%2e%2e/7").await;
        assert!(matches!(refused, 401 | 16), "{refused}");
    }
    let router = Router::new().fallback(serve).layer(public);
    let refused = status(router, "/grpc.health.v1.Health/../7").await;
    assert_eq!(refused, 16);
}
