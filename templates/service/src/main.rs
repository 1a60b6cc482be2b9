//! The program: reads its settings, begins the log, and runs the app that `server` makes. All else is in the library,
//! which tests can use. In Kratos' layout this is `cmd`.

use std::process::ExitCode;

use clap::Parser;
{%- if telemetry %}
use kit::telemetry::Telemetry;
{%- endif %}
use kit_config::{ConfigArgs, Reloader};

use {{ crate_name }}::config::{self, Config};
use {{ crate_name }}::server;

#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

fn main() -> ExitCode {
    match Args::parse().config.load(config::sources()) {
        Ok(loaded) => run(Reloader::new(loaded)),
        Err(code) => code,
    }
}

{% if telemetry -%}
/// A SIGHUP, or a file that changes, loads the settings anew, of which the filter of the log is taken over at once.
fn run(reloader: Reloader<Config>) -> ExitCode {
    let config = reloader.current().load();
    let telemetry = match Telemetry::init(&config.telemetry, config::NAME) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("error: {}", kit::sync::error_chain(&error));
            return ExitCode::FAILURE;
        }
    };
    let refresh = telemetry.refresh();
    reloader.subscribe("telemetry", move |_old, new: &Config| {
        refresh.prepare(&new.telemetry)
    });
    let app = server::app(&config).apply(telemetry.option());
    app.apply(reloader.option()).build().main()
}
{%- else -%}
/// A SIGHUP, or a file that changes, loads the settings anew and says what needs a restart.
fn run(reloader: Reloader<Config>) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let app = server::app(&reloader.current().load());
    app.apply(reloader.option()).build().main()
}
{%- endif %}
