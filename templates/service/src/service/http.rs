use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, response::IntoResponse};
use kit::ApiError;
use kit::http::{Json, Path};
use serde::{Deserialize, Serialize};

use crate::Greeter;
use crate::biz::Greeting;

#[derive(Deserialize)]
struct Greet {
    name: String,
}

#[derive(Serialize)]
struct Greeted {
    id: i64,
    text: String,
    sent: bool,
}

impl From<Greeting> for Greeted {
    fn from(greeting: Greeting) -> Greeted {
        Greeted {
            id: greeting.id,
            text: greeting.text(),
            sent: greeting.sent,
        }
    }
}

pub fn routes(greeter: Greeter) -> Router {
    Router::new()
        .route("/greetings", post(greet))
        .route("/greetings/{id}", get(find))
        .with_state(greeter)
}

async fn greet(
    State(greeter): State<Greeter>,
    Json(Greet { name }): Json<Greet>,
) -> Result<impl IntoResponse, ApiError> {
    let greeting = greeter.greet(&name).await?;
    Ok((StatusCode::CREATED, Json(Greeted::from(greeting))))
}

async fn find(
    State(greeter): State<Greeter>,
    Path(id): Path<i64>,
) -> Result<Json<Greeted>, ApiError> {
    Ok(Json(greeter.find(id).await?.into()))
}
