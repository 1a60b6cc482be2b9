//! The rows: a stack of layers, what is asked of it, and how the exchange ends.

use std::time::Duration;

use axum::extract::Request;
use kit_transport::layers::{self, Select};
use tower::{BoxError, ServiceBuilder};

use super::kinds::{Ask, Kind};
use super::served::{ByName, DO, Handlers, User};
use crate::fixture::Fixture;

/// How an exchange ends, where it does not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    ByItself,
    /// The client goes, once the handler or the body waits.
    Gone,
    /// The deadline of a stop comes then.
    Cut,
}

/// The names of all rows.
pub(super) const ROWS: [&str; 30] = [
    "no layer",
    "request id",
    "trace",
    "access log",
    "metrics",
    "metadata",
    "metadata: too much",
    "deadline",
    "deadline: it passes",
    "concurrency limit",
    "concurrency limit: full",
    "rate limit",
    "rate limit: too often",
    "authenticate",
    "authenticate: no caller",
    "authorize",
    "authorize: another caller",
    "named operation",
    "on: selected",
    "on: not selected",
    "body limit: too large",
    "panic of the handler",
    "panic behind the head",
    "panic of a layer",
    "error of a layer",
    "client gone",
    "cut by a drain",
    "standard",
    "standard: a panic",
    "standard: cut by a drain",
];

/// The request of a row: the headers that its layer looks for, and the order to its handler.
pub(super) fn ask(row: &str) -> Ask {
    let trace = (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let id = ("x-request-id", "mine");
    let metadata = ("x-md-global-a", "1");
    let headers = match row {
        "request id" | "error of a layer" | "panic of a layer" => vec![id],
        "trace" => vec![trace],
        "metadata" | "metadata: too much" => vec![metadata],
        "deadline: it passes" => vec![(DO, "wait")],
        "authenticate" | "authorize" => vec![("x-user", "alice")],
        "authorize: another caller" => vec![("x-user", "bob")],
        "panic of the handler" => vec![(DO, "panic")],
        "panic behind the head" => vec![(DO, "panic later")],
        "client gone" => vec![(DO, "read later")],
        "cut by a drain" => vec![(DO, "wait later")],
        "standard" => vec![id, trace, metadata],
        "standard: a panic" => vec![id, (DO, "panic")],
        "standard: cut by a drain" => vec![id, (DO, "wait later")],
        _ => vec![],
    };
    Ask {
        headers,
        is_large: row == "body limit: too large",
    }
}

pub(super) fn ending(row: &str) -> Ending {
    match row {
        "client gone" => Ending::Gone,
        "cut by a drain" | "standard: cut by a drain" => Ending::Cut,
        _ => Ending::ByItself,
    }
}

/// A server with the layers of a row, inside those that observe. Each stack is another type, so each
/// starts a server here.
pub(super) async fn start(row: &str, kind: Kind, handlers: &Handlers) -> Fixture {
    let server = handlers.server();
    let stack = ServiceBuilder::new()
        .layer(layers::access_log())
        .layer(layers::metrics());
    let passed = Duration::from_millis(1);
    let hour = Duration::from_secs(3600);
    let authenticate = layers::authenticate(ByName);
    match row {
        "access log" => Fixture::start(server.layers(layers::access_log())).await,
        "metrics" => Fixture::start(server.layers(layers::metrics())).await,
        "request id" => Fixture::start(server.layers(stack.layer(layers::request_id()))).await,
        "trace" => Fixture::start(server.layers(stack.layer(layers::trace()))).await,
        "metadata" => Fixture::start(server.layers(stack.layer(layers::metadata()))).await,
        "metadata: too much" => {
            let layer = layers::metadata().most(0, 0);
            Fixture::start(server.layers(stack.layer(layer))).await
        }
        "deadline" => Fixture::start(server.layers(stack.layer(layers::deadline(hour)))).await,
        "deadline: it passes" => {
            Fixture::start(server.layers(stack.layer(layers::deadline(passed)))).await
        }
        "concurrency limit" => {
            let limit = layers::concurrency_limit(1);
            handlers.show(&limit);
            Fixture::start(server.layers(stack.layer(limit))).await
        }
        "concurrency limit: full" => {
            let limit = layers::concurrency_limit(0);
            Fixture::start(server.layers(stack.layer(limit))).await
        }
        "rate limit" => {
            Fixture::start(server.layers(stack.layer(layers::rate_limit(1, hour)))).await
        }
        "rate limit: too often" => {
            let limit = layers::rate_limit(1, hour).by(|_: &Request| Some("all"));
            use_up(&limit).await;
            Fixture::start(server.layers(stack.layer(limit))).await
        }
        "authenticate" | "authenticate: no caller" => {
            Fixture::start(server.layers(stack.layer(authenticate))).await
        }
        "authorize" | "authorize: another caller" => {
            let is_alice = |user: &User| user.0 == "alice";
            let authorize = layers::authorize(Select::prefix("/"), is_alice);
            Fixture::start(server.layers(stack.layer(authenticate).layer(authorize))).await
        }
        "named operation" => {
            Fixture::start(server.layers(stack.layer(layers::operation("named")))).await
        }
        "on: selected" => {
            let on = layers::on(Select::operation(kind.operation()), authenticate);
            Fixture::start(server.layers(stack.layer(on))).await
        }
        "on: not selected" => {
            let on = layers::on(Select::operation(kind.operation()).not(), authenticate);
            Fixture::start(server.layers(stack.layer(on))).await
        }
        "panic of a layer" => {
            let panics = |_: Request| -> Request { panic!("a test's") };
            let inner = ServiceBuilder::new()
                .layer(layers::request_id())
                .map_request(panics);
            Fixture::start(server.layers(stack.layer(inner.into_inner()))).await
        }
        "error of a layer" => {
            let fails = |_: Request| Err::<Request, _>(BoxError::from("a test's"));
            let inner = (layers::request_id(), tower::filter::FilterLayer::new(fails));
            Fixture::start(server.layers(stack.layer(inner))).await
        }
        "standard" | "standard: a panic" | "standard: cut by a drain" => {
            Fixture::start(server.layers(layers::standard())).await
        }
        _ => Fixture::start(server.layers(stack)).await,
    }
}

/// Asks once, so that the next request is one too many.
async fn use_up(limit: &layers::RateLimit) {
    use axum::response::IntoResponse as _;
    use tower::{Layer as _, ServiceExt as _};
    let served = tower::service_fn(async |_: Request| Ok::<_, BoxError>("served".into_response()));
    let response = limit.layer(served).oneshot(Request::default()).await;
    assert!(response.expect("it answers").status().is_success());
}
