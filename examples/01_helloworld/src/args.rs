//! The command line. Each setting has a flag and a variable: `--stop-timeout`, `KIT_STOP_TIMEOUT`; and one with its
//! full key: `KIT__TELEMETRY__LOG__FILTER`.

use std::env;
use std::process::ExitCode;

use clap::Parser;
use kit_config::{ConfigArgs, KeyFlags, Loaded, Settings};

use crate::settings::HelloWorld;

/// Greets, over HTTP and gRPC.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Any setting has a variable with its full key as well, such as KIT__TELEMETRY__LOG__FILTER."
)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// The settings from files, variables and flags, of which the latter count more. `RUST_LOG` is the variable of
/// `telemetry.log.filter`.
///
/// # Errors
///
/// With the code to end with: after a page that was asked for, or the mistakes.
pub(crate) fn settings() -> Result<Loaded<HelloWorld>, ExitCode> {
    let addresses = ["http", "grpc", "admin"].into_iter();
    // An address may be a table with more about it, which is for a file.
    let flags = addresses.fold(KeyFlags::new(), KeyFlags::without_inside);
    // Two of them have a short name, `--log` and `--traces`; `--set` is for the rest.
    let flags = flags.without_inside("telemetry").variables("KIT");
    let settings = Settings::new().environment("KIT");
    let settings = match env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => {
            settings.flag_variable("telemetry.log.filter", "RUST_LOG", filter)
        }
        _ => settings,
    };
    let parsed = flags.parse::<Args>(settings);
    let (args, settings) = parsed.unwrap_or_else(|error| error.exit());
    args.config.load(settings)
}
