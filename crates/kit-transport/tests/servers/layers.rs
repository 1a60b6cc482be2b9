//! Layers around what a server serves.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::uri::PathAndQuery;
use ::http::{HeaderValue, StatusCode};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next as AxumNext, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use kit_transport::http::{ErrorShape, ServerScope};
use kit_transport::layers::{self, Current, Select};
use kit_transport::{
    ApiError, CallContext, ConnectionOptions, Server as _, StartError, grpc, http,
};
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::layer::layer_fn;
use tower::{BoxError, ServiceBuilder};

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

/// What a layer has seen of requests: the operation when they came, then with the status of the answer.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn last(&self) -> String {
        self.take().pop().expect("a request")
    }
}

fn operation(request: &Request) -> String {
    let call = CallContext::of(request.extensions()).expect("Kit's");
    call.operation().expect("a layer's").to_string()
}

/// A layer that another library might bring.
async fn record(
    axum::extract::State(seen): axum::extract::State<Seen>,
    request: Request,
    next: AxumNext,
) -> Response {
    let call = CallContext::of(request.extensions())
        .expect("Kit's")
        .clone();
    let before = operation(&request);
    let response = next.run(request).await;
    let grpc = response.headers().get("grpc-status");
    let status = match grpc {
        Some(status) => format!("grpc {}", status.to_str().unwrap()),
        None => response.status().as_u16().to_string(),
    };
    let after = call.operation().expect("a layer's");
    let name = if before == after.as_str() {
        before
    } else {
        format!("{before} then {after}")
    };
    seen.add(format!("{name} {status}"));
    response
}

/// Answers each method but `Missing`; one waits without end, one panics.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<::http::Request<tonic::body::Body>> for Echo {
    type Response = ::http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<tonic::body::Body>) -> Self::Future {
        let path = request.uri().path().to_owned();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            let echo = tower::service_fn(move |request: tonic::Request<String>| {
                let path = path.clone();
                async move {
                    match &path[11..] {
                        "Missing" => Err(Status::unimplemented("there is no such method")),
                        "Late" => std::future::pending().await,
                        "Panic" => panic!("a test's"),
                        _ => Ok(tonic::Response::new(request.into_inner())),
                    }
                }
            });
            Ok(grpc.unary(echo, request).await)
        })
    }
}

async fn channel(server: &Fixture) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    endpoint.connect().await.unwrap()
}

async fn call(channel: &Channel, path: &'static str) -> Result<String, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.expect("connected");
    let codec = ProstCodec::<String, String>::default();
    let request = tonic::Request::new("hello".to_owned());
    let response = client.unary(request, PathAndQuery::from_static(path), codec);
    response.await.map(tonic::Response::into_inner)
}

/// The status of an answer, and the text behind its head.
async fn ask(server: &Fixture, request: &str) -> (u16, String) {
    let mut client = Raw::connect(server.address).await;
    client.send(request).await;
    let answer = String::from_utf8(client.read_to_close().await).expect("a text");
    let status = answer.split(' ').nth(1).expect("a status").parse();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    (status.unwrap(), body.unwrap_or_default().to_owned())
}

fn get_of(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
}

fn recorded(seen: &Seen) -> impl layers::Stack + use<> {
    from_fn_with_state(seen.clone(), record)
}

#[tokio::test]
async fn a_layer_knows_the_template_of_a_route_and_never_a_clients_path() {
    let seen = Seen::default();
    let nested = Router::new().route("/{id}", get(|| async { "order" }));
    let named = ServiceBuilder::new()
        .layer(layers::operation("/named"))
        .service(any(|| async { "named" }));
    let router = Router::new()
        .route("/hello/{name}", get(|| async { "hello" }))
        .nest("/orders", nested)
        .nest_service("/files", any(|| async { "file" }))
        .nest_service("/named", named);
    let server = http::Server::new(ANY_PORT, router).layers(recorded(&seen));
    let server = Fixture::start(server).await;
    for (path, expected) in [
        ("/hello/world", "/hello/{name} 200"),
        ("/orders/7", "/orders/{id} 200"),
        ("/files/a/b", "unmatched 200"),
        ("/named/a/b", "unmatched then /named 200"),
        ("/nothing/here", "unmatched 404"),
    ] {
        ask(&server, &get_of(path)).await;
        assert_eq!(seen.take(), [expected]);
    }
    ask(&server, &get_of("/hello/x").replace("GET", "DELETE")).await;
    assert_eq!(seen.take(), ["/hello/{name} 405"]);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_handler_knows_for_which_request_it_runs_and_gives_it_to_its_tasks() {
    let name =
        || Current::get().map_or("none".to_owned(), |current| current.operation().to_string());
    let handler = async move |ServerScope(scope): ServerScope| {
        let current = Current::get().expect("it runs for a request");
        let bare = scope
            .spawn_value("bare", async move { name() })
            .await
            .unwrap();
        let given = scope
            .spawn_value("given", current.scope(async move { name() }))
            .await
            .unwrap();
        format!("{} {bare} {given}.", name())
    };
    let router = Router::new().route("/hello/{name}", get(handler));
    let server =
        http::Server::new(ANY_PORT, router.clone()).layers(tower::layer::util::Identity::new());
    let server = Fixture::start(server).await;
    let (_, body) = ask(&server, &get_of("/hello/x")).await;
    assert_eq!(body, "/hello/{name} none /hello/{name}.");
    assert!(Current::get().is_none());
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_method_is_known_by_a_descriptor_or_once_it_has_answered() {
    let seen = Seen::default();
    let server = grpc::Server::new(ANY_PORT).service(Echo);
    let server = Fixture::start(server.layers(recorded(&seen))).await;
    let channel = channel(&server).await;
    for (path, expected) in [
        ("/test.Echo/Echo", "/test.Echo/* then /test.Echo/Echo 200"),
        ("/test.Echo/Echo", "/test.Echo/Echo 200"),
        ("/test.Echo/Missing", "/test.Echo/* grpc 12"),
        ("/test.Echo/Missing", "/test.Echo/* grpc 12"),
        ("/test.Nothing/Echo", "unmatched grpc 12"),
    ] {
        let _ = call(&channel, path).await;
        assert_eq!(seen.take(), [expected]);
    }
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    health
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .unwrap();
    assert_eq!(seen.take(), ["/grpc.health.v1.Health/Check 200"]);
    drop(health);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn the_answers_of_the_server_itself_go_through_the_layers() {
    let seen = Seen::default();
    let router = Router::new()
        .route("/late", get(std::future::pending::<()>))
        .route("/panic", get(async || -> () { panic!("a test's") }))
        .route("/body", post(async |body: Bytes| body.len().to_string()));
    let server = http::Server::new(ANY_PORT, router)
        .grpc(grpc::Services::new().service(Echo))
        .connections(limits())
        .layers(recorded(&seen));
    let server = Fixture::start(server).await;
    let (status, body) = ask(&server, &get_of("/late")).await;
    assert!(
        (status, body.contains("REQUEST_TIMEOUT")) == (504, true),
        "{body}"
    );
    assert_eq!(seen.last(), "/late 504");
    assert_eq!(ask(&server, &get_of("/panic")).await.0, 500);
    assert_eq!(seen.last(), "/panic 500");
    let large = |head: &str| {
        format!("POST /body HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}\r\n\r\n")
    };
    let said = large("content-length: 11") + "12345678901";
    let (status, body) = ask(&server, &said).await;
    assert!(
        (status, body.contains("BODY_TOO_LARGE")) == (413, true),
        "{body}"
    );
    assert_eq!(seen.last(), "/body 413");
    let chunked = large("transfer-encoding: chunked") + "b\r\n12345678901\r\n0\r\n\r\n";
    assert_eq!(ask(&server, &chunked).await.0, 413);
    assert_eq!(seen.last(), "/body 413");
    let fits = large("content-length: 10") + "1234567890";
    assert_eq!(ask(&server, &fits).await, (200, "10".to_owned()));
    seen.take();

    let channel = channel(&server).await;
    let late = call(&channel, "/test.Echo/Late").await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert_eq!(seen.take(), ["/test.Echo/* then /test.Echo/Late grpc 4"]);
    let panicked = call(&channel, "/test.Echo/Panic").await.unwrap_err();
    assert_eq!(
        (panicked.code(), panicked.message()),
        (Code::Internal, "internal error")
    );
    assert_eq!(seen.take(), ["/test.Echo/* then /test.Echo/Panic grpc 13"]);
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_layer_sees_errors_in_the_form_that_their_clients_get() {
    async fn form(request: Request, next: AxumNext) -> Response {
        let mut response = next.run(request).await;
        let form = response.headers().get("content-type").cloned();
        let form = form.unwrap_or(HeaderValue::from_static("none"));
        response.headers_mut().insert("x-form", form);
        response
    }
    let router = Router::new()
        .route("/late", get(std::future::pending::<()>))
        .route("/panic", get(async || -> () { panic!("a test's") }))
        .route(
            "/own",
            get(async || ApiError::not_found("NO_ORDER", "there is none")),
        );
    let server = http::Server::new(ANY_PORT, router).connections(limits());
    let server = server
        .error_shape(ErrorShape::Problem)
        .layers(from_fn(form));
    let server = Fixture::start(server).await;
    for (path, status) in [
        ("/late", 504),
        ("/panic", 500),
        ("/own", 404),
        ("/nothing", 404),
    ] {
        let mut client = Raw::connect(server.address).await;
        client.send(get_of(path)).await;
        let answer = String::from_utf8(client.read_to_close().await).expect("a text");
        let answer = answer.to_lowercase();
        assert!(
            answer.starts_with(&format!("http/1.1 {status}")),
            "{answer}"
        );
        assert!(
            answer.contains("x-form: application/problem+json\r\n"),
            "{path}: {answer}"
        );
        assert!(
            answer.contains(&format!("\"status\":{status}")),
            "{path}: {answer}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

fn limits() -> ConnectionOptions {
    ConnectionOptions {
        request_timeout: Some(Duration::from_millis(50)),
        max_body: Some(10),
        ..ConnectionOptions::default()
    }
}

#[tokio::test]
async fn a_layer_that_waits_panics_or_fails_is_answered_without_the_others() {
    async fn wait(request: Request, next: AxumNext) -> Response {
        match request.uri().path() {
            "/late" => std::future::pending().await,
            "/panic" => panic!("a layer's"),
            _ => next.run(request).await,
        }
    }
    let fail = tower::filter::FilterLayer::new(|request: Request| match request.uri().path() {
        "/unknown" => Err(BoxError::from("a reason that clients do not see")),
        "/known" => Err(ApiError::forbidden("NO_ENTRY", "not for you").into()),
        _ => Ok(request),
    });
    let stack = ServiceBuilder::new().layer(fail).layer(from_fn(wait));
    let router = Router::new().fallback(|| async { "served" });
    let server = http::Server::new(ANY_PORT, router).connections(limits());
    let server = Fixture::start(server.layers(stack)).await;
    for (path, status, text) in [
        ("/", 200, "served"),
        ("/late", 504, "REQUEST_TIMEOUT"),
        ("/panic", 500, "internal error"),
        ("/unknown", 500, "internal error"),
        ("/known", 403, "NO_ENTRY"),
    ] {
        let (answered, body) = ask(&server, &get_of(path)).await;
        assert_eq!(answered, status, "{path}: {body}");
        assert!(body.contains(text), "{path}: {body}");
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// Is never ready.
#[derive(Clone)]
struct Broken;

impl Service<Request> for Broken {
    type Response = Response;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err(ApiError::unavailable("BROKEN", "closed").into()))
    }

    fn call(&mut self, _request: Request) -> Self::Future {
        unreachable!("it was not ready")
    }
}

#[tokio::test]
async fn a_layer_that_is_not_ready_is_not_called() {
    let router = Router::new().route("/", get(|| async { "served" }));
    let services = grpc::Services::new().service(Echo);
    let server = http::Server::new(ANY_PORT, router).grpc(services);
    let server = server.layers(layer_fn(|_: layers::Next| Broken));
    let server = Fixture::start(server).await;
    let (status, body) = ask(&server, &get_of("/")).await;
    assert!((status, body.contains("BROKEN")) == (503, true), "{body}");
    let channel = channel(&server).await;
    let refused = call(&channel, "/test.Echo/Echo").await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::Unavailable, "closed")
    );
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

async fn refuse(_request: Request, _next: AxumNext) -> Response {
    (StatusCode::IM_A_TEAPOT, Body::empty()).into_response()
}

#[tokio::test]
async fn a_layer_is_for_the_operations_that_are_selected() {
    let handler = || get(|| async { "served" });
    let router = Router::new()
        .route("/login", handler())
        .route("/admin/{what}", handler())
        .nest_service("/admin/files", any(|| async { "file" }))
        .fallback(|| async { "fallback" });
    let served = |select: Select, paths: &'static [&'static str]| {
        let server = http::Server::new(ANY_PORT, router.clone())
            .grpc(grpc::Services::new().service(Echo))
            .layers(layers::on(select, from_fn(refuse)));
        async move {
            let server = Fixture::start(server).await;
            let mut answered = Vec::new();
            for path in paths {
                if ask(&server, &get_of(path)).await.0 == 418 {
                    answered.push(*path);
                }
            }
            let channel = channel(&server).await;
            // At its first call it is not known that the method exists.
            let is_refused = call(&channel, "/test.Echo/Echo").await.is_err();
            drop(channel);
            server.stop_within(PATIENCE).await.nothing_cut();
            (answered, is_refused)
        }
    };
    const PATHS: &[&str] = &["/login", "/admin/7", "/admin/files/a", "/login/x"];
    let login = Select::operation("/login");
    assert_eq!(served(login.clone(), PATHS).await, (vec!["/login"], false));
    let rest = vec!["/admin/7", "/admin/files/a", "/login/x"];
    assert_eq!(served(login.clone().not(), PATHS).await, (rest, true));
    let admin = Select::prefix("/admin/");
    let admins = vec!["/admin/7", "/admin/files/a"];
    assert_eq!(served(admin.clone(), PATHS).await, (admins, false));
    let both = vec!["/login", "/admin/7", "/admin/files/a"];
    assert_eq!(served(login.or(admin), PATHS).await, (both, false));
    let unmatched = Select::predicate(|_, operation| !operation.is_matched());
    let unmatched = served(unmatched, PATHS).await;
    assert_eq!(unmatched, (vec!["/admin/files/a", "/login/x"], false));
    let template = Select::operation("/admin/{what}");
    assert_eq!(served(template, PATHS).await, (vec!["/admin/7"], false));
    let raw = Select::operation("/admin/7");
    assert_eq!(served(raw, PATHS).await, (vec![], false));
    let method = Select::operation("/test.Echo/Echo");
    assert_eq!(served(method, PATHS).await, (vec![], true));
    let service = Select::prefix("/test.Echo/");
    assert_eq!(served(service, PATHS).await, (vec![], true));
}

#[tokio::test]
async fn layers_that_are_given_twice_are_an_error_before_the_start() {
    let identity = tower::layer::util::Identity::new;
    let of_http = http::Server::new(ANY_PORT, Router::new())
        .layers(identity())
        .layers(identity());
    let of_grpc = grpc::Server::new(ANY_PORT)
        .layers(identity())
        .layers(identity());
    for error in [of_http.check().unwrap_err(), of_grpc.check().unwrap_err()] {
        let error = error.downcast_ref::<StartError>().expect("Kit's");
        assert!(matches!(error, StartError::LayersTwice), "{error}");
    }
}
