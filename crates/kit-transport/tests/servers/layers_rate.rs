//! The layer that limits how often clients may ask.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use kit_transport::grpc::Services;
use kit_transport::http::{self, ErrorShape};
use kit_transport::layers::{RateLimit, RateOptions, rate_limit};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;
use tower::ServiceBuilder;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Calls, call, channel, get_path, hello, send};

const HOUR: Duration = Duration::from_secs(3600);

async fn start(limit: &RateLimit) -> Fixture {
    let router = Router::new()
        .route("/a", get(|| async { "a" }))
        .route("/b", get(|| async { "b" }));
    let calls = Services::new().service(Calls::new(|_| async { Ok("called".to_owned()) }));
    let server = http::Server::new(ANY_PORT, router).grpc(calls);
    Fixture::start(server.layers(limit.clone())).await
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_refused_in_its_protocol() {
    let limit = rate_limit(3, HOUR);
    let server = start(&limit).await;
    assert_eq!(get_path(&server, "/a").await.status, 200);
    assert_eq!(get_path(&server, "/b").await.status, 200);
    let channel = channel(&server).await;
    assert_eq!(call(&channel, hello()).await.unwrap(), "called");
    assert_eq!(limit.keys(), 1, "all routes and services share the limit");

    let refused = get_path(&server, "/a").await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.body.contains("RATELIMIT"), "{refused:?}");
    let wait: u64 = refused.headers["retry-after"].parse().unwrap();
    assert!((1_000..=1_200).contains(&wait), "{wait}");
    let refused = call(&channel, hello()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let details = refused.get_error_details();
    assert_eq!(details.error_info().expect("a reason").reason, "RATELIMIT");
    let wait = details.retry_info().expect("a time").retry_delay.unwrap();
    assert!(wait <= HOUR / 3 && wait > HOUR / 4, "{wait:?}");
    let mut health = HealthClient::new(channel.clone());
    health
        .check(HealthCheckRequest::default())
        .await
        .expect("exempt");
    drop((health, channel));
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_header_names_the_client_and_without_it_the_address_does() {
    let key = "x-key".try_into().unwrap();
    let by_hand = rate_limit(1, HOUR).by_header(key);
    let options = RateOptions {
        header: Some("x-key".try_into().unwrap()),
        ..RateOptions::new(1, HOUR)
    };
    for limit in [by_hand, options.layer()] {
        let server = start(&limit).await;
        for (header, status) in [
            ("x-key: one\r\n", 200),
            ("x-key: two\r\n", 200),
            ("x-key: one\r\n", 429),
            ("", 200),
            ("", 429),
        ] {
            let answer = send(&server, "GET /a", header, "").await;
            assert_eq!(answer.status, status, "{header:?}: {answer:?}");
        }
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_function_names_the_client_or_leaves_a_request_uncounted() {
    let limit = rate_limit(1, HOUR).burst(2).by(|request: &Request| {
        let query = request.uri().query()?;
        query.strip_prefix("tenant=").map(ToOwned::to_owned)
    });
    let server = start(&limit).await;
    for (path, status) in [
        ("/a?tenant=1", 200),
        ("/b?tenant=1", 200),
        ("/a?tenant=1", 429),
        ("/a?tenant=2", 200),
        ("/a", 200),
        ("/a", 200),
        ("/a", 200),
    ] {
        let answer = get_path(&server, path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    assert_eq!(limit.keys(), 2);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_refusal_has_the_shape_of_the_servers_errors_also_for_layers_outside() {
    let seen = Arc::new(Mutex::new(String::new()));
    let content_type = Arc::clone(&seen);
    let observe = from_fn(move |request: Request, next: Next| {
        let seen = Arc::clone(&content_type);
        async move {
            let response: Response = next.run(request).await;
            let content_type = response.headers().get("content-type");
            let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
            *seen.lock().unwrap() = content_type.unwrap_or_default();
            response
        }
    });
    let router = Router::new().route("/a", get(|| async { "a" }));
    let stack = ServiceBuilder::new()
        .layer(observe)
        .layer(rate_limit(1, HOUR));
    let server = http::Server::new(ANY_PORT, router)
        .error_shape(ErrorShape::Problem)
        .layers(stack);
    let server = Fixture::start(server).await;
    assert_eq!(get_path(&server, "/a").await.status, 200);
    let refused = get_path(&server, "/a").await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert_eq!(*seen.lock().unwrap(), "application/problem+json");
    server.stop_within(PATIENCE).await.nothing_cut();
}
