//! The log: on the standard error output, filtered by `RUST_LOG`.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::args::Log;

pub(crate) fn init(form: Log) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A log that nobody reads any more is no reason to end.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal());
    match form {
        Log::Pretty => log.with_target(false).init(),
        Log::Json => log.json().flatten_event(true).init(),
    }
}
