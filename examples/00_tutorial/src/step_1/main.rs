//! Greets, over HTTP.

use std::env;
use std::process::ExitCode;

use axum::extract::Path;
use axum::{Router, routing::get};
use kit::telemetry::{Telemetry, TelemetryOptions};
use kit::{App, BoxError, Listen, http};

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}\n")
}

pub(crate) fn main() -> Result<ExitCode, BoxError> {
    let telemetry = Telemetry::init(&TelemetryOptions::default(), "greeter")?;
    // Another address, such as `:8080`, is the first argument.
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8000");
    let routes = Router::new().route("/hello/{name}", get(hello));
    let app = App::builder("greeter")
        .version(env!("CARGO_PKG_VERSION"))
        .server(http::Server::new(address.parse::<Listen>()?, routes))
        .apply(telemetry.option());
    Ok(app.build().main())
}
