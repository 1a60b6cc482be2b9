//! Greets, over HTTP.

mod greeting;
mod routes;

use std::env;
use std::process::ExitCode;

use greeting::Greeting;
use kit::telemetry::{Telemetry, TelemetryOptions};
use kit::{App, BoxError, Listen, http};

pub(crate) fn main() -> Result<ExitCode, BoxError> {
    let telemetry = Telemetry::init(&TelemetryOptions::default(), "greeter")?;
    // Another address, such as `:8080`, is the first argument.
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8000");
    let routes = routes::routes(Greeting::new("Hello", 20));
    let app = App::builder("greeter")
        .version(env!("CARGO_PKG_VERSION"))
        .server(http::Server::new(address.parse::<Listen>()?, routes))
        .apply(telemetry.option());
    Ok(app.build().main())
}
