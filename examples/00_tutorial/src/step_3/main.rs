//! Greets, over HTTP.

mod config;
#[path = "../step_2/greeting.rs"]
mod greeting;
#[path = "../step_2/routes.rs"]
mod routes;

use std::process::ExitCode;

use clap::Parser;
use config::Config;
use greeting::Greeting;
use kit::telemetry::Telemetry;
use kit::{App, AppBuilder, BoxError, from_settings, http};
use kit_config::{ConfigArgs, Settings};

/// Greets.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn main() -> Result<ExitCode, BoxError> {
    let sources = Settings::<Config>::new()
        .optional_file("config/greeter.toml")
        .environment("GREETER");
    let loaded = match Args::parse().config.load(sources) {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let config = loaded.settings();
    let telemetry = Telemetry::init(&config.telemetry, "greeter")?;
    Ok(service(config).apply(telemetry.option()).build().main())
}

/// The service without its telemetry, of which a process has one.
fn service(config: &Config) -> AppBuilder {
    let greeting = Greeting::new(&config.greeting.word, config.greeting.longest_name);
    App::builder("greeter")
        .version(env!("CARGO_PKG_VERSION"))
        .apply(from_settings(&config.app))
        .server(http::Server::with_options(
            &config.http,
            routes::routes(greeting),
        ))
}
