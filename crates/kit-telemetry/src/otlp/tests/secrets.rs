//! What does not leave the process.

use std::fmt;

use tracing::field::Empty;
use tracing::{info, info_span};

use super::collector::{Collector, options};
use super::export::request;
use super::spans::{PATIENCE, SPAN, TRACE, recorded, started, started_without, texts};
use crate::otlp::OtlpProtocol;

/// What the derived `Debug` of it prints.
#[derive(Debug)]
#[expect(dead_code, reason = "printed")]
struct Login {
    name: &'static str,
    password: Option<&'static str>,
}

/// An error that shows a request.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GET /a?token=hunter2&page=2")
    }
}

impl std::error::Error for Refused {}

#[test]
fn secrets_are_redacted_by_key_and_inside_texts_as_in_the_log() {
    let collector = Collector::start();
    let otlp = started(&options(collector.address, OtlpProtocol::Grpc));
    recorded(&otlp, || {
        let login = Login {
            name: "kit",
            password: Some("hunter2"),
        };
        let error: &(dyn std::error::Error + 'static) = &Refused;
        let span = info_span!(
            "login",
            otel.name = "GET /login?token=hunter2",
            otel.status_description = "password=hunter2",
            password = "hunter2",
            api_key = display("hunter2"),
            login = debug(&login),
            pwd = 4_711,
            card = 4_711_u64,
            session_id = Empty,
            text = "token: hunter2",
            error,
            user = "kit",
        );
        span.record("session_id", "hunter2");
        let _entered = span.entered();
        info!(token = "hunter2", secret = true, login = ?login, user = "kit", "with token=hunter2");
    });
    assert!(otlp.flusher().shutdown(PATIENCE).is_whole());
    let received = collector.next().spans;
    let shown = format!("{received:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("4711"),
        "{shown}"
    );
    let login = received.named("GET /login?token=[redacted]");
    let status = login.span.status.clone().unwrap();
    assert_eq!(status.message, "password=[redacted]");
    let attributes = login.attributes();
    for (name, value) in [
        ("password", "[redacted]"),
        ("api_key", "[redacted]"),
        ("session_id", "[redacted]"),
        ("pwd", "[redacted]"),
        ("card", "[redacted]"),
        ("login", r#"Login { name: "kit", password: [redacted] }"#),
        ("text", "token: [redacted]"),
        ("error", "GET /a?token=[redacted]&page=2"),
        ("user", "kit"),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let event = &login.span.events[0];
    assert_eq!(event.name, "with token=[redacted]");
    let attributes = texts(&event.attributes);
    for (name, value) in [
        ("token", "[redacted]"),
        ("secret", "[redacted]"),
        ("login", r#"Login { name: "kit", password: [redacted] }"#),
        ("user", "kit"),
        ("level", "INFO"),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
}

#[test]
fn a_key_of_the_options_takes_no_trace_apart_and_a_redacted_text_is_not_too_long() {
    let collector = Collector::start();
    let options = options(collector.address, OtlpProtocol::Grpc);
    let otlp = started_without(&options, &["id"]);
    recorded(&otlp, || {
        let request = request(3);
        request.in_scope(|| drop(info_span!("child", text = "pwd=a,".repeat(600), id = 7)));
    });
    assert!(otlp.flusher().shutdown(PATIENCE).is_whole());
    let received = collector.next().spans;
    let request = received.named("GET /orders/{id}");
    assert_eq!(
        (request.trace(), request.id()),
        (TRACE.to_owned(), SPAN.to_owned())
    );
    assert_eq!(request.attributes()["request_id"], "[redacted]");
    let child = received.named("child").attributes();
    assert_eq!(child["id"], "[redacted]");
    assert_eq!(child["text"].len(), 4_096);
}
