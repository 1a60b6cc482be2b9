//! The id of each request.

use ::http::{HeaderMap, HeaderName};
use axum::Router;
use axum::routing::get;
use kit_transport::grpc::RequestExt as _;
use kit_transport::http::ServerScope;
use kit_transport::layers::{self, Current, RequestId, RequestIds};
use kit_transport::{CallContext, grpc, http};
use tonic::metadata::MetadataMap;
use tracing::Level;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::observed::{Calls, all, ask, ask_http2, get_with, router, services};
use crate::spans::Log;

async fn served(ids: RequestIds) -> Fixture {
    let router = router()
        .route("/id", get(async |id: RequestId| id.to_string()))
        .route(
            "/maybe",
            get(async |id: Option<RequestId>| format!("{id:?}")),
        );
    Fixture::start(
        http::Server::new(ANY_PORT, router)
            .grpc(services())
            .layers(ids),
    )
    .await
}

/// The header of a head with this name.
fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = lines.by_ref().filter(|(other, _)| *other == name);
    let (_, value) = found.next().unwrap_or_else(|| panic!("no {name}: {head}"));
    assert!(found.next().is_none(), "{name} twice: {head}");
    value
}

fn is_uuid(id: &str) -> bool {
    id.len() == 36 && id.as_bytes()[14] == b'7'
}

#[tokio::test]
async fn an_id_is_taken_or_made_and_the_response_has_it() {
    let server = served(layers::request_id()).await;
    let sent = "x-request-id: a.b-c/1\r\n";
    let (head, body) = ask(&server, &get_with("/id", sent)).await;
    assert_eq!(
        (header(&head, "x-request-id"), &*body),
        ("a.b-c/1", "a.b-c/1")
    );
    for sent in [
        "",
        "x-request-id: \r\n",
        "x-request-id: a b\r\n",
        "x-request-id: a\r\nx-request-id: b\r\n",
        &format!("x-request-id: {}\r\n", "x".repeat(129)),
    ] {
        let (head, body) = ask(&server, &get_with("/id", sent)).await;
        assert_eq!(header(&head, "x-request-id"), body);
        assert!(is_uuid(&body), "{body} for {sent}");
    }
    for path in ["/nothing", "/panic", "/status/503", "/events"] {
        let (head, _) = ask(&server, &get_with(path, sent)).await;
        assert_eq!(header(&head, "x-request-id"), "a.b-c/1", "{path}");
    }
    let (headers, body) = ask_http2(&server, "/id").await;
    assert_eq!(headers["x-request-id"].as_bytes(), body);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn the_header_and_the_trust_in_clients_are_options() {
    let ids = layers::request_id()
        .header(HeaderName::from_static("x-own"))
        .always_new();
    let server = served(ids).await;
    let (head, body) = ask(
        &server,
        &get_with("/id", "x-own: mine\r\nx-request-id: mine\r\n"),
    )
    .await;
    assert_eq!(header(&head, "x-own"), body);
    assert!(is_uuid(&body), "{body}");
    assert!(!head.contains("x-request-id"), "{head}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_server_without_the_layer_has_no_id() {
    let router = Router::new()
        .route("/id", get(async |id: RequestId| id.to_string()))
        .route(
            "/maybe",
            get(async |id: Option<RequestId>| format!("{id:?}")),
        );
    let server = Fixture::http(router).await;
    let (head, body) = ask(&server, &get_with("/maybe", "x-request-id: a\r\n")).await;
    assert_eq!(body, "None");
    assert!(!head.contains("x-request-id"), "{head}");
    let (head, _) = ask(&server, &get_with("/id", "")).await;
    assert!(head.starts_with("HTTP/1.1 500"), "{head}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_call_has_its_id_in_its_metadata() {
    let server = served(layers::request_id()).await;
    let mut calls = Calls::connect(&server).await;
    let request = || {
        let mut request = tonic::Request::new("hello".to_owned());
        request
            .metadata_mut()
            .insert("x-request-id", "mine".parse().unwrap());
        request
    };
    let answer = calls.send("/test.Kinds/Unary", request()).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "mine");
    let refused = calls
        .send("/test.Kinds/Refused", request())
        .await
        .unwrap_err();
    assert_eq!(refused.metadata().get("x-request-id").unwrap(), "mine");
    let answer = calls.unary("/test.Kinds/Unary").await.unwrap();
    let id = answer
        .metadata()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap();
    assert!(is_uuid(id), "{id}");
    drop(calls);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn each_line_of_a_request_has_its_id() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::request_id()).await;
    ask(&server, &get_with("/logs", "x-request-id: mine\r\n")).await;
    for message in ["in the handler", "in the body"] {
        let line = log.next("test").await;
        assert_eq!(line.fields.get("message"), message);
        assert_eq!(line.span.expect("its request's").get("request_id"), "mine");
    }
    let mut calls = Calls::connect(&server).await;
    let answer = calls.unary("/test.Kinds/Unary").await.unwrap();
    let id = answer
        .metadata()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap();
    let line = log.next("test").await;
    assert_eq!(line.span.expect("its request's").get("request_id"), id);
    all(calls.stream("/test.Kinds/Server", 1).await.unwrap())
        .await
        .unwrap();
    let line = log.next("test").await;
    assert!(is_uuid(line.span.expect("its request's").get("request_id")));
    ask(&server, &get_with("/panic", "x-request-id: other\r\n")).await;
    let panicked = log.take("kit_transport::exchange::handle");
    let span = panicked[0].span.as_ref().expect("its request's");
    assert_eq!(span.get("request_id"), "other");
    drop(calls);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn the_id_and_the_trace_are_handed_on_to_outgoing_calls() {
    fn handed_on(current: Option<Current>) -> String {
        let (mut headers, mut metadata) = (HeaderMap::new(), MetadataMap::new());
        metadata.insert("own", "kept".parse().unwrap());
        if let Some(current) = current {
            current.propagate(&mut headers);
            grpc::propagate(&current, &mut metadata);
        }
        let text = |headers: &HeaderMap| {
            let mut all: Vec<_> = headers.iter().map(|pair| format!("{pair:?}")).collect();
            all.sort();
            all.join(" ")
        };
        format!("{}\n{}", text(&headers), text(&metadata.into_headers()))
    }
    let handler = async |call: CallContext, ServerScope(scope): ServerScope| {
        let own = handed_on(Current::get());
        let current = Current::get().expect("a request");
        let spawned = current.scope(async { handed_on(Current::get()) });
        let spawned = scope.spawn_value("outgoing", spawned).await.unwrap();
        assert_eq!(own, spawned);
        let trace = call.trace().expect("a layer's");
        format!("{own}\n{trace}")
    };
    let router = Router::new().route("/", get(handler));
    let stack = (layers::request_id(), layers::trace());
    let server = Fixture::start(http::Server::new(ANY_PORT, router).layers(stack)).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let more = format!(
        "x-request-id: mine\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\ntracestate: a=1\r\n"
    );
    let (_, body) = ask(&server, &get_with("/", &more)).await;
    let lines: Vec<_> = body.lines().collect();
    let parent = lines[2];
    assert!(
        parent.starts_with(&format!("00-{trace}-")) && parent.ends_with("-01"),
        "{parent}"
    );
    assert!(!parent.contains("00f067aa0ba902b7"), "{parent}");
    let handed = format!(
        "(\"traceparent\", \"{parent}\") (\"tracestate\", \"a=1\") (\"x-request-id\", \"mine\")"
    );
    assert_eq!(lines[0], handed);
    assert_eq!(lines[1], format!("(\"own\", \"kept\") {handed}"));
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_handler_of_grpc_finds_the_id_of_its_request() {
    use std::convert::Infallible;
    use tonic::codegen::Service;

    #[derive(Clone)]
    struct Shows;

    impl tonic::server::NamedService for Shows {
        const NAME: &'static str = "test.Shows";
    }

    impl Service<::http::Request<tonic::body::Body>> for Shows {
        type Response = ::http::Response<tonic::body::Body>;
        type Error = Infallible;
        type Future =
            std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

        fn poll_ready(
            &mut self,
            _cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Infallible>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: ::http::Request<tonic::body::Body>) -> Self::Future {
            Box::pin(async move {
                let codec = tonic_prost::ProstCodec::<String, String>::default();
                let show = tower::service_fn(async |request: tonic::Request<String>| {
                    let (id, trace) = (request.request_id(), request.trace());
                    let text = format!("{} {}", id.expect("a layer's"), trace.is_some());
                    Ok::<_, tonic::Status>(tonic::Response::new(text))
                });
                Ok(tonic::server::Grpc::new(codec).unary(show, request).await)
            })
        }
    }

    let server = grpc::Server::new(ANY_PORT)
        .service(Shows)
        .layers(layers::request_id());
    let server = Fixture::start(server).await;
    let mut calls = Calls::connect(&server).await;
    let answer = calls.unary("/test.Shows/Show").await.unwrap();
    let id = answer
        .metadata()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap();
    assert_eq!(*answer.get_ref(), format!("{id} false"));
    drop(calls);
    server.stop_within(PATIENCE).await.nothing_cut();
}
