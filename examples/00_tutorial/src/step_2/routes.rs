//! The greeting over HTTP.

use axum::extract::State;
use axum::{Router, routing::get};
use kit::ApiError;
use kit::http::{Json, Path};
use serde::Serialize;

use super::greeting::Greeting;

pub(crate) fn routes(greeting: Greeting) -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .with_state(greeting)
}

#[derive(Serialize)]
struct Hello {
    message: String,
}

async fn hello(
    State(greeting): State<Greeting>,
    Path(name): Path<String>,
) -> Result<Json<Hello>, ApiError> {
    let message = greeting.greet(&name)?;
    Ok(Json(Hello { message }))
}
