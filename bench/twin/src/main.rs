//! helloworld's HTTP route on bare `axum::serve`: the peer that Kit is measured against.

use std::io;
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Serialize)]
struct Reply {
    message: String,
}

#[derive(Deserialize)]
struct Options {
    delay: Option<String>,
}

async fn hello(Path(name): Path<String>, Query(options): Query<Options>) -> Response {
    if name.chars().count() > 64 {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if let Some(delay) = options.delay {
        let Some(Ok(millis)) = delay.strip_suffix("ms").map(str::parse) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    let message = format!("Hello {name}");
    Json(Reply { message }).into_response()
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = match arguments.as_slice() {
        [] => "127.0.0.1:0",
        [flag, address] if flag == "--http" => address,
        _ => return Err(io::Error::other("usage: twin [--http ADDRESS]")),
    };
    let listener = TcpListener::bind(address).await?;
    println!("http={}", listener.local_addr()?);
    let router = Router::new().route("/helloworld/{name}", get(hello));
    axum::serve(listener, router).await
}
