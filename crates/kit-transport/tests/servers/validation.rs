//! Requests that break their rules, on both protocols.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::{get, post};
use kit_transport::grpc::{Services, ValidRequest as _};
use kit_transport::http::{Json, Query, Valid};
use kit_transport::{ApiError, Validate, Violations, http};
use serde::{Deserialize, Serialize};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Answered, Calls, call, channel, get_path, send};

#[derive(Deserialize, Serialize)]
struct Order {
    name: String,
    #[serde(default)]
    counts: Vec<u32>,
}

impl Validate for Order {
    fn validate(&self) -> Result<(), Violations> {
        let violations = Violations::new()
            .unless(!self.name.is_empty(), "name", "may not be empty")
            .unless(self.name != "root", "name", "is taken");
        let counts = self.counts.iter().enumerate();
        counts
            .fold(violations, |all, (index, count)| {
                all.unless(*count > 0, format!("counts[{index}]"), "at least 1")
            })
            .result()
    }
}

/// Rules of another crate.
#[derive(Deserialize, garde::Validate)]
struct Account {
    #[garde(length(min = 3))]
    user: String,
    #[garde(range(max = 10))]
    level: u8,
}

impl Validate for Account {
    fn validate(&self) -> Result<(), Violations> {
        Ok(garde::Validate::validate(self)?)
    }
}

async fn start() -> Fixture {
    let router = Router::new()
        .route(
            "/orders",
            post(async |Valid(Json(order)): Valid<Json<Order>>| order.name),
        )
        .route(
            "/orders",
            get(async |Valid(Query(order)): Valid<Query<Order>>| order.name),
        )
        .route(
            "/axum",
            post(async |Valid(axum::Json(order)): Valid<axum::Json<Order>>| order.name),
        )
        .route(
            "/accounts",
            post(async |Valid(Json(account)): Valid<Json<Account>>| account.user),
        );
    let calls = Calls::new(|request| async move {
        let order: Order = serde_json::from_str(request.get_ref()).expect("JSON");
        let request = tonic::Request::new(order);
        request.validate()?;
        Ok(request.into_inner().name)
    });
    let server = http::Server::new(ANY_PORT, router).grpc(Services::new().service(calls));
    Fixture::start(server).await
}

async fn post_json(server: &Fixture, path: &str, json: &str) -> Answered {
    let headers = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        json.len()
    );
    send(server, &format!("POST {path}"), &headers, json).await
}

/// Reason and metadata of an error in the shape of Kratos.
fn error(answer: &Answered) -> (String, BTreeMap<String, String>) {
    #[derive(Deserialize)]
    struct Body {
        reason: String,
        metadata: BTreeMap<String, String>,
    }
    let body: Body = serde_json::from_str(&answer.body).expect("an error");
    (body.reason, body.metadata)
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> BTreeMap<String, String> {
    let owned = fields.map(|(field, message)| (field.to_owned(), message.to_owned()));
    BTreeMap::from(owned)
}

#[tokio::test]
async fn over_http_all_violations_are_metadata() {
    let server = start().await;
    let valid = post_json(&server, "/orders", r#"{"name":"a","counts":[1]}"#).await;
    assert_eq!((valid.status, valid.body.as_str()), (200, "a"));
    let wrong = r#"{"name":"","counts":[1,0,0]}"#;
    let expected = fields([
        ("name", "may not be empty"),
        ("counts[1]", "at least 1"),
        ("counts[2]", "at least 1"),
    ]);
    for path in ["/orders", "/axum"] {
        let answer = post_json(&server, path, wrong).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(error(&answer), ("VALIDATOR".to_owned(), expected.clone()));
    }
    let query = get_path(&server, "/orders?name=root").await;
    assert_eq!(query.status, 400, "{query:?}");
    assert_eq!(error(&query).1, fields([("name", "is taken")]));
    let unread = post_json(&server, "/orders", "{").await;
    assert_eq!(
        (unread.status, error(&unread).0.as_str()),
        (400, "JSON_INVALID")
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn rules_of_garde_are_rules() {
    let server = start().await;
    let valid = post_json(&server, "/accounts", r#"{"user":"anna","level":1}"#).await;
    assert_eq!(valid.status, 200, "{valid:?}");
    let answer = post_json(&server, "/accounts", r#"{"user":"a","level":11}"#).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let (reason, metadata) = error(&answer);
    assert_eq!(reason, "VALIDATOR");
    let fields: Vec<_> = metadata.keys().collect();
    assert_eq!(fields, ["level", "user"], "{metadata:?}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn over_grpc_they_are_field_violations() {
    let server = start().await;
    let channel = channel(&server).await;
    let request = |json: String| tonic::Request::new(json);
    let valid = request(r#"{"name":"a"}"#.to_owned());
    assert_eq!(call(&channel, valid).await.unwrap(), "a");
    let wrong = request(r#"{"name":"","counts":[0]}"#.to_owned());
    let refused = call(&channel, wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert_eq!(
        refused.message(),
        "name: may not be empty; counts[0]: at least 1"
    );
    let details = refused.get_error_details();
    assert_eq!(details.error_info().expect("a reason").reason, "VALIDATOR");
    let violations = &details.bad_request().expect("fields").field_violations;
    let violations: Vec<_> = violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.description.as_str()))
        .collect();
    assert_eq!(
        violations,
        [("name", "may not be empty"), ("counts[0]", "at least 1")]
    );

    // As many as there is room for, and the rest is counted.
    let order = Order {
        name: "a".to_owned(),
        counts: vec![0; 5_000],
    };
    let many = request(serde_json::to_string(&order).unwrap());
    let refused = call(&channel, many).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let details = refused.get_error_details();
    let info = details.error_info().expect("a reason");
    let kept = details
        .bad_request()
        .expect("fields")
        .field_violations
        .len();
    assert!(kept > 50, "{kept}");
    assert_eq!(info.reason, "VALIDATOR");
    assert_eq!(info.metadata["violations_cut"], (5_000 - kept).to_string());
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[test]
fn violations_in_an_anyhow_error_are_kept() {
    use anyhow::Context as _;
    use kit_transport::IntoApi as _;

    let order = Order {
        name: "root".to_owned(),
        counts: Vec::new(),
    };
    let error: ApiError = order.validate().context("checking").api().unwrap_err();
    assert_eq!((error.code(), error.reason()), (400, "VALIDATOR"));
    assert_eq!(error.metadata()["name"], "is taken");
}
