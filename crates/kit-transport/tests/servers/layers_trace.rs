//! The place of a request in a trace, and its span.

use axum::Router;
use axum::routing::get;
use kit_transport::layers::{self, Current, Stack};
use kit_transport::{CallContext, http};
use tracing::Level;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::observed::{Calls, all, ask, get_with, router, services};
use crate::spans::{Log, Seen};

const TARGET: &str = "kit::request";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn served(stack: impl Stack) -> Fixture {
    let show = async |call: CallContext| {
        let trace = call.trace().expect("a layer's");
        let parent = trace
            .parent_id()
            .map_or("none".to_owned(), |id| id.to_string());
        format!(
            "{} {parent} {} {:?}",
            trace.trace_id(),
            trace.flags(),
            trace.state()
        )
    };
    let router = router().route("/trace", get(show));
    Fixture::start(
        http::Server::new(ANY_PORT, router)
            .grpc(services())
            .layers(stack),
    )
    .await
}

/// Waits for the next span to close.
async fn span(log: &mut Log) -> Seen {
    let span = log.next(TARGET).await;
    assert!(span.is_span, "{span:?}");
    span
}

#[tokio::test]
async fn a_trace_is_continued_and_what_breaks_the_rules_begins_another() {
    let server = served(layers::trace()).await;
    let good = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\ntracestate: a=1\r\n");
    let (_, body) = ask(&server, &get_with("/trace", &good)).await;
    assert_eq!(body, format!("{TRACE} 00f067aa0ba902b7 1 Some(\"a=1\")"));
    for bad in [
        "".to_owned(),
        good.replace("00-4", "ff-4"),
        good.replace(TRACE, &"0".repeat(32)),
        good.replace(TRACE, &TRACE.to_uppercase()),
        good.replace("-01\r", "-01-more\r"),
        format!("{good}{good}"),
    ] {
        let (_, body) = ask(&server, &get_with("/trace", &bad)).await;
        assert!(!body.starts_with(TRACE), "{bad}");
        assert!(body.ends_with(" none 3 None"), "{body} for {bad}");
    }
    let state = good.replace("a=1", "A=1");
    let (_, body) = ask(&server, &get_with("/trace", &state)).await;
    assert_eq!(body, format!("{TRACE} 00f067aa0ba902b7 1 None"));
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn of_the_traces_that_begin_here_some_are_sampled() {
    for (count, expected) in [(0, 0..1), (1, 300..301), (3, 50..150)] {
        let server = served(layers::trace().sample_one_in(count)).await;
        let mut client = crate::client::http2(server.address).await;
        let mut sampled = 0;
        for _ in 0..300 {
            let request = ::http::Request::get("http://a/trace").body(http_body_util::Empty::new());
            let response = client.send_request(request.unwrap()).await.unwrap();
            let body = http_body_util::BodyExt::collect(response.into_body())
                .await
                .unwrap();
            sampled += usize::from(body.to_bytes().ends_with(b" none 3 None"));
        }
        assert!(expected.contains(&sampled), "{sampled} for {count}");
        drop(client);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_request_has_one_span_with_the_fields_of_opentelemetry() {
    let mut log = Log::up_to(Level::INFO);
    let server = served((layers::trace(), layers::request_id())).await;
    let more = format!(
        "x-request-id: mine\r\ntraceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\ntracestate: a=1\r\n"
    );
    ask(&server, &get_with("/hello/x?a=1", &more)).await;
    let seen = span(&mut log).await;
    for (name, value) in [
        ("otel.name", "GET /hello/{name}"),
        ("otel.kind", "server"),
        ("http.request.method", "GET"),
        ("http.route", "/hello/{name}"),
        ("url.path", "/hello/x"),
        ("http.response.status_code", "200"),
        ("trace_id", TRACE),
        ("parent_span_id", "00f067aa0ba902b7"),
        ("trace_flags", "1"),
        ("trace_state", "a=1"),
        ("request_id", "mine"),
    ] {
        assert_eq!(seen.fields.get(name), value);
    }
    assert_eq!(seen.fields.get("span_id").len(), 16);
    for absent in [
        "error.type",
        "otel.status_code",
        "rpc.method",
        "rpc.system.name",
    ] {
        assert_eq!(seen.fields.find(absent), None);
    }
    for (path, name, status, error) in [
        ("/status/404", "GET /status/{code}", "404", None),
        ("/status/503", "GET /status/{code}", "503", Some("503")),
        ("/nothing", "GET", "404", None),
        ("/panic", "GET /panic", "500", Some("500")),
        ("/broken", "GET /broken", "200", Some("failed")),
        ("/panics", "GET /panics", "200", Some("panicked")),
    ] {
        ask(&server, &get_with(path, "")).await;
        let seen = span(&mut log).await;
        assert_eq!(seen.fields.get("otel.name"), name);
        assert_eq!(seen.fields.get("http.response.status_code"), status);
        assert_eq!(seen.fields.find("error.type"), error, "{path}");
        assert_eq!(
            seen.fields.find("otel.status_code"),
            error.map(|_| "ERROR"),
            "{path}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
    assert!(log.take(TARGET).is_empty(), "no request has two spans");
}

#[tokio::test]
async fn the_span_of_a_call_has_its_method_and_its_code() {
    let mut log = Log::up_to(Level::INFO);
    let server = served((layers::request_id(), layers::trace())).await;
    let mut calls = Calls::connect(&server).await;
    for _ in 0..2 {
        calls.unary("/test.Kinds/Unary").await.unwrap();
        let seen = span(&mut log).await;
        for (name, value) in [
            ("otel.name", "test.Kinds/Unary"),
            ("rpc.system.name", "grpc"),
            ("rpc.method", "test.Kinds/Unary"),
            ("rpc.response.status_code", "OK"),
        ] {
            assert_eq!(seen.fields.get(name), value);
        }
        assert_eq!(seen.fields.find("error.type"), None);
        assert_eq!(seen.fields.get("request_id").len(), 36);
        assert_eq!(seen.fields.get("trace_id").len(), 32);
    }
    let answer = calls.stream("/test.Kinds/Broken", 1).await.unwrap();
    all(answer).await.unwrap_err();
    let seen = span(&mut log).await;
    assert_eq!(seen.fields.get("rpc.response.status_code"), "INTERNAL");
    assert_eq!(seen.fields.get("error.type"), "INTERNAL");
    drop(calls);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn whichever_layer_is_outermost_opens_the_span() {
    let mut log = Log::up_to(Level::INFO);
    let trace = || layers::trace();
    let more = "x-request-id: mine\r\n";
    let server = served((layers::request_id(), trace(), trace())).await;
    ask(&server, &get_with("/hello/x", more)).await;
    let seen = span(&mut log).await;
    assert_eq!(seen.fields.get("request_id"), "mine");
    assert_eq!(seen.fields.get("trace_id").len(), 32);
    server.stop_within(PATIENCE).await.nothing_cut();
    let server = served((trace(), layers::request_id(), layers::access_log())).await;
    ask(&server, &get_with("/hello/x", more)).await;
    let line = log.next("kit::access").await;
    let in_span = line.span.expect("inside");
    let closed = span(&mut log).await;
    for seen in [&in_span, &closed.fields] {
        assert_eq!(seen.get("request_id"), "mine");
        assert_eq!(seen.get("trace_id"), line.fields.get("trace_id"));
    }
    server.stop_within(PATIENCE).await.nothing_cut();
    assert!(log.take(TARGET).is_empty(), "no request has two spans");
}

#[tokio::test]
async fn a_task_that_outlives_its_request_does_not_keep_the_span_open() {
    let mut log = Log::up_to(Level::INFO);
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let ended = std::sync::Arc::new(std::sync::Mutex::new(Some(ended)));
    let handler = async move |kit_transport::http::ServerScope(scope): _| {
        let ended = ended.lock().unwrap().take().expect("one request");
        let current = Current::get().expect("a request");
        drop(scope.spawn_value("task", current.scope(ended)));
    };
    let router = Router::new().route("/", get(handler));
    let server = http::Server::new(ANY_PORT, router).layers(layers::trace());
    let server = Fixture::start(server).await;
    ask(&server, &get_with("/", "")).await;
    assert_eq!(span(&mut log).await.fields.get("otel.name"), "GET /");
    end.send(()).expect("the task is still there");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_span_that_is_not_wanted_is_not_opened_and_the_trace_goes_on() {
    let mut log = Log::up_to(Level::WARN);
    let server = served((layers::trace(), layers::request_id())).await;
    let good = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\nx-request-id: mine\r\n");
    let (head, body) = ask(&server, &get_with("/trace", &good)).await;
    assert!(body.starts_with(TRACE), "{body}");
    assert!(head.contains("x-request-id: mine"), "{head}");
    server.stop_within(PATIENCE).await.nothing_cut();
    assert!(log.take(TARGET).is_empty());
}
