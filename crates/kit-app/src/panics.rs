//! Panics in the log, in its form, instead of plain text between its lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
use std::sync::Once;

use tracing::Level;

/// Has panics logged, where there is a subscriber that takes errors; the hook before this one
/// prints them otherwise. A panic inside a task that is observed is logged by its observer, with its path, and
/// comes here for debugging only; with `RUST_BACKTRACE` set, each comes with its backtrace.
pub(crate) fn log_them() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !tracing::enabled!(Level::ERROR) {
                return previous(info);
            }
            let message = info.payload_as_str().unwrap_or("a panic without a text");
            let place = info.location().map(tracing::field::display);
            let thread = std::thread::current();
            let thread = thread.name().unwrap_or("unnamed");
            let backtrace = Backtrace::capture();
            if backtrace.status() == BacktraceStatus::Captured {
                tracing::error!(place, thread, %backtrace, "panicked: {message}");
            } else if kit_sync::panic::is_observed() {
                tracing::debug!(place, thread, "panicked: {message}");
            } else {
                tracing::error!(place, thread, "panicked: {message}");
            }
        }));
    });
}
