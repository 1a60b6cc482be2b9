//! The line of each exchange.

use std::time::Duration;

use ::http::HeaderName;
use kit_transport::layers::{self, AccessLog, Select};
use kit_transport::{ConnectionOptions, Cut, http};
use tokio::time::Instant;
use tonic::Code;
use tower::ServiceBuilder;
use tracing::Level;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::observed::{Calls, all, ask, ask_http2, get_with, router, services};
use crate::spans::{Log, Seen};

const TARGET: &str = "kit::access";

async fn served(log: AccessLog) -> Fixture {
    let stack = ServiceBuilder::new()
        .layer(layers::request_id())
        .layer(layers::trace())
        .layer(log);
    let options = ConnectionOptions {
        stream_grace: Duration::from_millis(200),
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, router()).grpc(services());
    Fixture::start(server.connections(options).layers(stack)).await
}

/// The level and what matters: `INFO GET /hello/{name} 200 whole 5`, with the bytes that went out.
fn short(line: &Seen) -> String {
    let get = |name| line.fields.get(name);
    let status = line.fields.find("status").or(line.fields.find("grpc_code"));
    let (method, operation, end) = (get("method"), get("operation"), get("end"));
    let status = status.unwrap_or("none");
    format!(
        "{} {method} {operation} {status} {end} {}",
        line.level,
        get("bytes_out")
    )
}

/// The messages that came in and went out.
fn messages(line: &Seen) -> (&str, &str) {
    (
        line.fields.get("messages_in"),
        line.fields.get("messages_out"),
    )
}

#[tokio::test]
async fn a_line_has_what_is_known_of_an_exchange() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log()).await;
    let more = "user-agent: test\r\nx-request-id: mine\r\n";
    let (head, _) = ask(&server, &get_with("/hello/world?token=s3cret", more)).await;
    assert!(
        head.contains("content-length: 5"),
        "its length is kept: {head}"
    );
    let line = log.next(TARGET).await;
    assert_eq!(short(&line), "INFO GET /hello/{name} 200 whole 5");
    for (name, value) in [
        ("message", "request"),
        ("protocol", "http"),
        ("path", "/hello/world"),
        ("bytes_in", "0"),
        ("request_id", "mine"),
        ("user_agent", "test"),
    ] {
        assert_eq!(line.fields.get(name), value);
    }
    assert!(line.fields.get("peer").starts_with("127.0.0.1:"));
    assert_eq!(line.fields.get("trace_id").len(), 32);
    assert!(line.fields.get("duration_ms").parse::<f64>().unwrap() > 0.0);
    assert_eq!(
        line.span.as_ref().expect("a span").get("request_id"),
        "mine"
    );
    for absent in [
        "query",
        "headers",
        "grpc_code",
        "messages_in",
        "messages_out",
    ] {
        assert_eq!(line.fields.find(absent), None);
    }
    let post =
        "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc";
    ask(&server, post).await;
    let line = log.next(TARGET).await;
    assert_eq!(short(&line), "INFO POST /echo 200 whole 3");
    assert_eq!(line.fields.get("bytes_in"), "3");
    let own = "BREW /hello/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    ask(&server, own).await;
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO _OTHER /hello/{name} 200 whole 5"
    );
    let head = get_with("/hello/x", "").replace("GET", "HEAD");
    let (answer, _) = ask(&server, &head).await;
    assert!(answer.contains("content-length: 5"), "{answer}");
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO HEAD /hello/{name} 200 whole 0"
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn the_level_is_that_of_the_outcome() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log()).await;
    for (path, expected) in [
        ("/status/204", "INFO GET /status/{code} 204 whole 0"),
        ("/status/404", "INFO GET /status/{code} 404 whole "),
        ("/status/429", "WARN GET /status/{code} 429 whole "),
        ("/status/500", "ERROR GET /status/{code} 500 whole "),
        ("/status/503", "WARN GET /status/{code} 503 whole "),
        ("/events", "INFO GET /events 200 whole 27"),
        ("/broken", "ERROR GET /broken 200 failed 4"),
        ("/panics", "ERROR GET /panics 200 panicked 4"),
    ] {
        let (_, body) = ask(&server, &get_with(path, "")).await;
        // An error's body says what it is.
        let expected = match expected.strip_suffix("whole ") {
            Some(begin) => format!("{begin}whole {}", body.len()),
            None => expected.to_owned(),
        };
        assert_eq!(short(&log.next(TARGET).await), expected);
    }
    ask(&server, &get_with("/panic", "")).await;
    let line = short(&log.next(TARGET).await);
    assert!(line.starts_with("ERROR GET /panic 500 whole "), "{line}");
    ask(&server, &get_with("/nothing", "")).await;
    let line = short(&log.next(TARGET).await);
    assert!(line.starts_with("INFO GET unmatched 404 whole "), "{line}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_line_of_http2_is_written_when_the_response_has_ended() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log()).await;
    let (_, body) = ask_http2(&server, "/events").await;
    assert_eq!(body.len(), 27);
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO GET /events 200 whole 27"
    );
    let (_, body) = ask_http2(&server, "/hello/x").await;
    assert_eq!(body, "hello");
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO GET /hello/{name} 200 whole 5"
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_call_has_its_code_and_its_messages() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log()).await;
    let mut calls = Calls::connect(&server).await;
    calls.unary("/test.Kinds/Unary").await.unwrap();
    let line = log.next(TARGET).await;
    // Five bytes before each message, two of prost before the five of the text.
    assert_eq!(short(&line), "INFO POST /test.Kinds/Unary OK whole 12");
    assert_eq!(messages(&line), ("1", "1"));
    assert_eq!(
        (line.fields.get("bytes_in"), line.fields.get("protocol")),
        ("12", "grpc")
    );
    assert!(
        line.fields.get("user_agent").starts_with("kinds "),
        "{line:?}"
    );
    let refused = calls.unary("/test.Kinds/Refused").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let line = log.next(TARGET).await;
    assert_eq!(
        short(&line),
        "WARN POST /test.Kinds/Refused RESOURCE_EXHAUSTED whole 0"
    );
    for (method, sent, expected, counts) in [
        (
            "/test.Kinds/Server",
            1,
            "INFO POST /test.Kinds/Server OK whole 36",
            ("1", "3"),
        ),
        (
            "/test.Kinds/Client",
            4,
            "INFO POST /test.Kinds/Client OK whole 27",
            ("4", "1"),
        ),
        (
            "/test.Kinds/Both",
            5,
            "INFO POST /test.Kinds/Both OK whole 60",
            ("5", "5"),
        ),
        (
            "/test.Kinds/Broken",
            1,
            "ERROR POST /test.Kinds/Broken INTERNAL whole 12",
            ("1", "1"),
        ),
    ] {
        let answer = calls.stream(method, sent).await.unwrap();
        let _ = all(answer).await;
        let line = log.next(TARGET).await;
        assert_eq!(short(&line), expected);
        assert_eq!(messages(&line), counts, "{method}");
    }
    let missing = calls.unary("/test.Nothing/Unary").await.unwrap_err();
    assert_eq!(missing.code(), Code::Unimplemented);
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO POST unmatched UNIMPLEMENTED whole 0"
    );
    drop(calls);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_exchange() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/endless").await;
    client.read_to("data: 1\n\n\r\n").await;
    assert!(log.take(TARGET).is_empty(), "it has not ended");
    drop(client);
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO GET /endless 200 gone 9"
    );
    let mut client = Raw::connect(server.address).await;
    client.get("/late").await;
    // Its handler runs when another request, that came later, has been answered.
    ask(&server, &get_with("/hello/x", "")).await;
    assert_eq!(
        short(&log.next(TARGET).await),
        "INFO GET /hello/{name} 200 whole 5"
    );
    drop(client);
    assert_eq!(short(&log.next(TARGET).await), "INFO GET /late none gone 0");
    let mut calls = Calls::connect(&server).await;
    let mut answer = calls.stream("/test.Kinds/Endless", 1).await.unwrap();
    assert!(answer.message().await.unwrap().is_some());
    drop(answer);
    let line = log.next(TARGET).await;
    assert_eq!(
        short(&line),
        "INFO POST /test.Kinds/Endless CANCELLED gone 12"
    );
    drop(calls);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn what_a_drain_cuts_has_a_line() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log()).await;
    let mut events = Raw::connect(server.address).await;
    events.get("/endless").await;
    events.read_to("data: 1\n\n\r\n").await;
    let mut calls = Calls::connect(&server).await;
    let mut answer = calls.stream("/test.Kinds/Endless", 1).await.unwrap();
    assert!(answer.message().await.unwrap().is_some());
    let mut late = Raw::connect(server.address).await;
    late.get("/late").await;
    let mut stalled = Raw::connect(server.address).await;
    let head = "POST /echo HTTP/1.1\r\nhost: kit\r\ncontent-length: 100\r\n\r\n";
    stalled.send(format!("{head}half")).await;
    ask(&server, &get_with("/hello/x", "")).await;
    log.next(TARGET).await;
    // The streams end after their grace, and the request at a deadline that comes then.
    let life = server.life.clone();
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), async {
        let status = answer.message().await;
        assert_eq!(status.unwrap_err().code(), Code::Unavailable);
        events.read_to_close().await;
        life.send_modify(|life| life.deadline = Some(Instant::now().into()));
    });
    ended.cut(Cut::Request, 2).cut(Cut::Stream, 2);
    assert_eq!(stalled.read_to_close().await, b"");
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(short(&log.next(TARGET).await));
    }
    lines.sort();
    assert_eq!(
        lines,
        [
            "WARN GET /endless 200 cut 9",
            "WARN GET /late none cut 0",
            "WARN POST /echo 400 cut 71",
            "WARN POST /test.Kinds/Endless UNAVAILABLE cut 12",
        ]
    );
}

#[tokio::test]
async fn a_limit_that_passes_is_seen() {
    let mut log = Log::up_to(Level::INFO);
    let server = http::Server::new(ANY_PORT, router())
        .grpc(services())
        .connections(ConnectionOptions {
            request_timeout: Some(Duration::from_millis(50)),
            ..ConnectionOptions::default()
        });
    let server = Fixture::start(server.layers(layers::access_log())).await;
    ask(&server, &get_with("/late", "")).await;
    let line = short(&log.next(TARGET).await);
    assert!(line.starts_with("WARN GET /late 504 whole "), "{line}");
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let mut client = tonic::client::Grpc::new(channel.unwrap().connect().await.unwrap());
    client.ready().await.unwrap();
    let mut request = tonic::Request::new(tokio_stream::once("hello".to_owned()));
    request
        .metadata_mut()
        .insert("grpc-timeout", "100m".parse().unwrap());
    let path = ::http::uri::PathAndQuery::from_static("/test.Kinds/Endless");
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let answer = client.streaming(request, path, codec).await.unwrap();
    assert_eq!(
        all(answer.into_inner()).await.unwrap_err().code(),
        Code::DeadlineExceeded
    );
    let line = log.next(TARGET).await;
    assert_eq!(
        short(&line),
        "WARN POST /test.Kinds/Endless DEADLINE_EXCEEDED late 12"
    );
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn health_and_selected_requests_are_quiet_but_for_errors() {
    let mut log = Log::up_to(Level::DEBUG);
    let quiet = layers::access_log().quiet(Select::prefix("/status/"));
    let server = served(quiet).await;
    for (path, expected) in [
        ("/status/200", "DEBUG GET /status/{code} 200 whole 0"),
        ("/status/503", "DEBUG GET /status/{code} 503 whole "),
        ("/status/500", "ERROR GET /status/{code} 500 whole "),
        ("/hello/x", "INFO GET /hello/{name} 200 whole 5"),
    ] {
        let (_, body) = ask(&server, &get_with(path, "")).await;
        // An error's body says what it is.
        let expected = match expected.strip_suffix("whole ") {
            Some(begin) => format!("{begin}whole {}", body.len()),
            None => expected.to_owned(),
        };
        assert_eq!(short(&log.next(TARGET).await), expected);
    }
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let channel = channel.unwrap().connect().await.unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    health
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .unwrap();
    let line = log.next(TARGET).await;
    assert_eq!(line.level, Level::DEBUG);
    assert_eq!(line.fields.get("operation"), "/grpc.health.v1.Health/Check");
    drop(health);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn of_successes_some_have_a_line_and_of_failures_all() {
    let mut log = Log::up_to(Level::INFO);
    let server = served(layers::access_log().sample_one_in(3)).await;
    for path in ["/hello/x", "/status/404"] {
        for _ in 0..6 {
            ask(&server, &get_with(path, "")).await;
        }
    }
    let ended = server.stop_within(PATIENCE).await;
    ended.nothing_cut();
    let lines = log.take(TARGET);
    let count = |status| {
        lines
            .iter()
            .filter(|line| line.fields.get("status") == status)
            .count()
    };
    assert_eq!((count("200"), count("404")), (2, 6));
    let server = served(layers::access_log().sample_one_in(0)).await;
    ask(&server, &get_with("/hello/x", "")).await;
    ask(&server, &get_with("/status/404", "")).await;
    assert_eq!(log.next(TARGET).await.fields.get("status"), "404");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn secrets_are_not_logged() {
    let mut log = Log::up_to(Level::TRACE);
    let access_log = ["accept", "authorization", "cookie", "x-pin"]
        .map(HeaderName::from_static)
        .into_iter()
        .fold(layers::access_log(), AccessLog::header)
        .redact_header(HeaderName::from_static("x-pin"))
        .redact_parameter("pin")
        .query();
    let server = served(access_log).await;
    let more =
        "accept: */*\r\nauthorization: Bearer s3cret\r\ncookie: a=s3cret\r\nx-pin: s3cret\r\n";
    let path = "/hello/x?a=1&PIN=s3cret&access_token=s3cret";
    ask(&server, &get_with(path, more)).await;
    let line = log.next(TARGET).await;
    assert_eq!(
        line.fields.get("query"),
        "a=1&PIN=[redacted]&access_token=[redacted]"
    );
    assert_eq!(
        line.fields.get("headers"),
        "accept=\"*/*\" authorization=[redacted] cookie=[redacted] x-pin=[redacted]"
    );
    assert!(!format!("{line:?}").contains("s3cret"));
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_log_that_is_off_costs_no_line() {
    let server = served(layers::access_log()).await;
    let (head, body) = ask(&server, &get_with("/hello/x", "")).await;
    assert!(
        head.starts_with("HTTP/1.1 200") && body == "hello",
        "{head}"
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn a_websocket_has_its_line_when_it_is_closed() {
    use axum::response::Response;
    use axum::routing::get;
    use kit_transport::http::WebSocketUpgrade;
    use kit_transport::layers::Current;
    use tokio_stream::StreamExt as _;

    async fn socket(upgrade: WebSocketUpgrade) -> Response {
        upgrade.on_upgrade(async |mut socket| {
            let current = Current::get().expect("a request");
            tracing::info!(target: "test", operation = %current.operation(), "in the handler");
            while let Some(Ok(_)) = socket.recv().await {}
        })
    }
    async fn socket_of_axum(upgrade: axum::extract::ws::WebSocketUpgrade) -> Response {
        upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
    }
    let mut log = Log::up_to(Level::INFO);
    let router = router()
        .route("/socket", get(socket))
        .route("/axum", get(socket_of_axum));
    let stack = ServiceBuilder::new()
        .layer(layers::access_log())
        .layer(layers::request_id());
    let server = Fixture::start(http::Server::new(ANY_PORT, router).layers(stack)).await;
    let url = format!("ws://{}/socket", server.address);
    let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let line = log.next("test").await;
    assert_eq!(line.fields.get("operation"), "/socket");
    let id = line
        .span
        .expect("its request's")
        .get("request_id")
        .to_owned();
    ask(&server, &get_with("/hello/x", "")).await;
    let line = short(&log.next(TARGET).await);
    assert_eq!(
        line, "INFO GET /hello/{name} 200 whole 5",
        "the socket is open"
    );
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    let line = log.next(TARGET).await;
    assert_eq!(short(&line), "INFO GET /socket 101 whole 0");
    assert_eq!(line.fields.get("request_id"), id);
    let url = format!("ws://{}/axum", server.address);
    let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert_eq!(short(&log.next(TARGET).await), "INFO GET /axum 101 whole 0");
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    server.stop_within(PATIENCE).await;
}
