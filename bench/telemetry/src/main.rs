//! The greeting behind the standard layers, with as much of telemetry as the command line asks for.

mod arguments;
mod output;

use std::process::ExitCode;

use bench_greeter::{routes, service};
use kit::telemetry::{Telemetry, TelemetryOptions};
use kit::transport::layers;
use kit::{App, grpc, http};

use self::arguments::Arguments;

fn main() -> ExitCode {
    Arguments::of_process()
        .and_then(serve)
        .unwrap_or_else(|error| {
            eprintln!("bench-telemetry: {error}");
            ExitCode::FAILURE
        })
}

fn serve(arguments: Arguments) -> Result<ExitCode, String> {
    let Arguments { addresses, options } = arguments;
    let telemetry = options.map(|options| started(&options)).transpose()?;
    let app = App::builder("bench-telemetry")
        .server(http::Server::new(addresses.http, routes()).layers(layers::standard()))
        .server(
            grpc::Server::new(addresses.grpc)
                .service(service())
                .layers(layers::standard()),
        )
        .after_start("print addresses", async |app| {
            for endpoint in app.handle().info().endpoints().iter() {
                println!("{}={}", endpoint.scheme(), endpoint.authority());
            }
            Ok(())
        });
    let app = match &telemetry {
        Some(telemetry) => app.apply(telemetry.option()),
        None => app,
    };
    Ok(app.build().main())
}

fn started(options: &TelemetryOptions) -> Result<Telemetry, String> {
    output::throw_log_away().map_err(|error| format!("/dev/null: {error}"))?;
    Telemetry::init(options, "bench-telemetry").map_err(|error| error.to_string())
}
