//! The log: on the standard error output, filtered by `RUST_LOG`.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::settings::Log;

/// Handlers must not wait for the reader of the log, so a thread writes it: when the pipe is full,
/// lines are dropped. The guard's drop waits a second at most for the rest.
#[must_use = "lines are written as long as the guard lives"]
pub(crate) fn init(form: Log) -> WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking(io::stderr());
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        // A log without a reader is no reason to end.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal());
    match form {
        Log::Pretty => log.with_target(false).init(),
        Log::Json => log.json().flatten_event(true).with_span_list(false).init(),
    }
    guard
}
