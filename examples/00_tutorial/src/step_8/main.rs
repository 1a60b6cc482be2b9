//! Greets, over HTTP and gRPC.

#[path = "../step_6/book.rs"]
mod book;
#[path = "../step_3/config.rs"]
mod config;
#[path = "../step_6/greeting.rs"]
mod greeting;
#[path = "../step_2/routes.rs"]
mod routes;
#[path = "../step_4/rpc.rs"]
mod rpc;

use std::process::ExitCode;

use book::Book;
use clap::Parser;
use config::Config;
use greeting::Greeting;
use kit::telemetry::Telemetry;
use kit::{App, AppBuilder, BoxError, from_settings, grpc, http, layers};
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
    let (file, counted) = (config.greeting.book.clone(), greeting.clone());
    let grpc = grpc::Server::with_options(&config.grpc)
        .service(rpc::service(greeting.clone()))
        .reflection(rpc::DESCRIPTORS)
        .layers(layers::standard());
    let http = http::Server::with_options(&config.http, routes::routes(greeting))
        .layers(layers::standard());
    App::builder("greeter")
        .version(env!("CARGO_PKG_VERSION"))
        .apply(from_settings(&config.app))
        .resource(
            "book",
            async move |_ctx| Book::open(&file),
            async move |book: Book| book.close(counted.greeted()),
        )
        .server(http)
        .server(grpc)
}

#[cfg(test)]
mod tests {
    use kit::testing::TestApp;

    use super::{Config, service};

    #[tokio::test]
    async fn a_short_name_is_greeted_and_a_long_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.greeting.book = folder.path().join("greeted.txt");

        let app = TestApp::start(service(&config)).await;
        let greeted = app.http().get("/hello/Ada").await;
        assert_eq!(greeted.body(), r#"{"message":"Hello, Ada"}"#);
        let refused = app
            .http()
            .get("/hello/a-name-that-is-longer-than-twenty")
            .await;
        assert_eq!(refused.status(), 400);
        app.stop().await;

        let book = std::fs::read_to_string(config.greeting.book).unwrap();
        assert_eq!(book, "1 greeted\n");
    }
}
