//! The greeting over HTTP.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::{LONGEST_NAME, parse_delay};

#[derive(Serialize)]
struct Reply {
    message: String,
}

#[derive(Deserialize)]
struct Options {
    delay: Option<String>,
}

/// `GET /helloworld/{name}`, with `?delay=500ms` after that time.
pub fn routes() -> Router {
    Router::new().route("/helloworld/{name}", get(hello))
}

async fn hello(Path(name): Path<String>, Query(options): Query<Options>) -> Response {
    if name.chars().count() > LONGEST_NAME {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if let Some(delay) = options.delay {
        let Some(delay) = parse_delay(&delay) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        tokio::time::sleep(delay).await;
    }
    let message = format!("Hello {name}");
    Json(Reply { message }).into_response()
}
