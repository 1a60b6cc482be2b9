//! HTTP: helloworld's greeting, and a route for h2spec.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::{any, get};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/helloworld/{name}", get(hello))
        .route("/whole", any(whole))
}

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello {name}")
}

/// Answers any request, with a body, and not before it has read the whole request: a fault in a request
/// is then found before there is a response, on every machine.
async fn whole(request: Bytes) -> String {
    format!("{} bytes\n", request.len())
}
