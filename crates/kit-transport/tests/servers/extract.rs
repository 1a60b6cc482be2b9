//! Kit's extractors: what they take, and what a client reads when they refuse.

use std::collections::HashMap;

use ::http::StatusCode;
use axum::Router;
use axum::routing::{any, get};
use http_body_util::BodyExt as _;
use kit_transport::http::{Form, Json, Path, Query};
use kit_transport::{ApiError, ConnectionOptions, http};
use tracing::Level;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::log::{self, logged};

type Numbers = HashMap<String, u8>;

#[derive(serde::Deserialize, serde::Serialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Item {
    count: u8,
}

fn router() -> Router {
    let order = any(|Json(order): Json<Order>| async move { Json(order) });
    let perhaps = any(|order: Option<Json<Order>>| async move { order.is_some().to_string() });
    let path = |Path(number): Path<u8>| async move { number.to_string() };
    let either = async |number: Option<Path<u8>>| format!("{:?}", number.map(|path| path.0));
    let wrong = |_: Path<(u8, u8)>| async {};
    let unwritable = async || Json(HashMap::from([((1, 2), "no key of JSON")]));
    Router::new()
        .route("/order", order)
        .route("/perhaps", perhaps)
        .route(
            "/query",
            get(|Query(numbers): Query<Numbers>| async move { Json(numbers) }),
        )
        .route(
            "/form",
            any(|Form(numbers): Form<Numbers>| async move { Form(numbers) }),
        )
        .route("/path/{number}", get(path))
        .route(
            "/named/{number}",
            get(|path: Path<Numbers>| async move { path["number"].to_string() }),
        )
        .route("/either", get(either))
        .route("/either/{number}", get(either))
        .route("/wrong/{number}", get(wrong))
        .route("/unwritable", get(unwritable))
}

const JSON: &str = "content-type: application/json\r\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const LARGE: &str = "{\"items\":[{\"count\":1},{\"count\":2},{\"count\":3},{\"count\":4}]}";

/// Method, path, headers and body.
type Sent = (&'static str, &'static str, &'static str, &'static str);
/// Status, reason, message and field.
type Refused = (u16, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const TABLE: [(Sent, Refused); 18] = [
    (("POST", "/order", JSON, "{\"items\":"), (400, "JSON_INVALID",
        "the body is not JSON: EOF while parsing a value at line 1 column 9", "")),
    (("POST", "/order", JSON, "{]"), (400, "JSON_INVALID",
        "the body is not JSON: key must be a string at line 1 column 2", "")),
    (("POST", "/order", JSON, "{\"items\":[]} x"), (400, "JSON_INVALID",
        "the body is not JSON: trailing characters at line 1 column 14", "")),
    (("POST", "/order", JSON, "{\"items\":[{\"count\":256}]}"), (422, "JSON_INVALID",
        "field items[0].count: invalid value: integer `256`, expected u8 at line 1 column 22", "items[0].count")),
    (("POST", "/order", JSON, "{\"items\":[7]}"), (422, "JSON_INVALID",
        "field items[0]: invalid type: integer `7`, expected an object at line 1 column 11", "items[0]")),
    (("POST", "/order", JSON, "{}"), (422, "JSON_INVALID",
        "the body does not fit: missing field `items` at line 1 column 2", "")),
    (("POST", "/order", "", "{}"), (415, "CONTENT_TYPE_UNSUPPORTED",
        "the content type of the body has to be application/json", "")),
    (("POST", "/order", JSON, LARGE), (413, "BODY_TOO_LARGE", "the body is too large", "")),
    (("POST", "/perhaps", "content-type: text/plain\r\n", "{}"), (415, "CONTENT_TYPE_UNSUPPORTED",
        "the content type of the body has to be application/json", "")),
    (("GET", "/query?a=256", "", ""), (400, "QUERY_INVALID",
        "parameter a: number too large to fit in target type", "a")),
    (("GET", "/form?a=x", "", ""), (400, "FORM_INVALID", "field a: invalid digit found in string", "a")),
    (("POST", "/form", FORM, "a=x"), (422, "FORM_INVALID", "field a: invalid digit found in string", "a")),
    (("POST", "/form", "", "a=1"), (415, "CONTENT_TYPE_UNSUPPORTED",
        "the content type of the body has to be application/x-www-form-urlencoded", "")),
    (("POST", "/form", FORM, LARGE), (413, "BODY_TOO_LARGE", "the body is too large", "")),
    (("GET", "/path/256", "", ""), (400, "PATH_INVALID", "the path does not fit: \"256\" is no u8", "")),
    (("GET", "/named/x", "", ""), (400, "PATH_INVALID", "parameter number: \"x\" is no u8", "number")),
    (("GET", "/named/%ff", "", ""), (400, "PATH_INVALID", "parameter number: not UTF-8", "number")),
    (("GET", "/wrong/1", "", ""), (500, "", "internal error", "")),
];

/// Status and body; the request's body is sent without its length, so that its size is seen only while
/// it is read.
async fn ask(
    server: &Fixture,
    (method, path): (&str, &str),
    (headers, body): (&str, &str),
) -> (StatusCode, Vec<u8>) {
    let mut client = Raw::connect(server.address).await;
    let size = body.len();
    let framing = if body.is_empty() {
        String::new()
    } else {
        format!("transfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n")
    };
    client
        .send(format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}{framing}\r\n"
        ))
        .await;
    let head = client.read_head().await;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.expect("a length").parse().expect("a number");
    let status = head[9..12].parse().expect("a status");
    (status, client.read_bytes(length).await)
}

async fn server() -> Fixture {
    let options = ConnectionOptions {
        max_body: Some(40),
        ..ConnectionOptions::default()
    };
    Fixture::start(http::Server::new(ANY_PORT, router()).connections(options)).await
}

#[tokio::test]
async fn each_refusal_names_what_is_wrong_and_where() {
    let server = server().await;
    for ((method, path, headers, body), (code, reason, message, field)) in TABLE {
        let (status, answer) = ask(&server, (method, path), (headers, body)).await;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let what = format!("{method} {path} {headers}{body}: {text}");
        let error = ApiError::from_response(status, Some("application/json"), &answer);
        assert!(error.source().is_none(), "{what}");
        assert_eq!((error.code(), error.reason()), (code, reason), "{what}");
        assert_eq!(error.message(), message, "{what}");
        let named = error.metadata().get("field").map_or("", String::as_str);
        assert_eq!(
            (named, error.metadata().len()),
            (field, usize::from(!field.is_empty())),
            "{what}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn what_fits_is_taken_and_answered() {
    let server = server().await;
    let order = "{\"items\":[{\"count\":255}]}";
    for (method, path, headers, body, expected) in [
        ("POST", "/order", JSON, order, order),
        ("POST", "/perhaps", JSON, order, "true"),
        ("POST", "/perhaps", "", "", "false"),
        ("GET", "/query?a=7", "", "", "{\"a\":7}"),
        ("GET", "/form?a=7", "", "", "a=7"),
        ("POST", "/form", FORM, "a=7", "a=7"),
        ("GET", "/path/7", "", "", "7"),
        ("GET", "/named/7", "", "", "7"),
        ("GET", "/either/7", "", "", "Some(7)"),
        ("GET", "/either", "", "", "None"),
    ] {
        let (status, answer) = ask(&server, (method, path), (headers, body)).await;
        let text = String::from_utf8(answer).expect("text");
        assert_eq!(
            (status.as_u16(), text.as_str()),
            (200, expected),
            "{method} {path}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_value_that_cannot_be_written_is_logged_and_not_shown() {
    let server = server().await;
    let (mut lines, _guard) = log::of_thread(Level::ERROR);
    let (status, answer) = ask(&server, ("GET", "/unwritable"), ("", "")).await;
    let text = String::from_utf8(answer).expect("text");
    assert_eq!(status, 500, "{text}");
    assert!(
        text.contains("internal error") && !text.contains("key"),
        "{text}"
    );
    let lines = logged(&mut lines);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("key must be a string")),
        "{lines:?}"
    );
    let form = axum::response::IntoResponse::into_response(Form(vec![vec![1]]));
    assert_eq!(form.status(), 500);
    let body = form.into_body().collect().await.expect("a body").to_bytes();
    assert!(body.starts_with(b"{\"code\":500"), "{body:?}");
    server.stop_within(PATIENCE).await.nothing_cut();
}
