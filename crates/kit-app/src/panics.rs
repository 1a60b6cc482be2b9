//! Panics in the log, in its form, instead of plain text between its lines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::BTreeMap;
use std::panic;
use std::sync::{Mutex, Once};

use tracing::Level;

use crate::events::is_delivering;

/// How often each place has panicked in a task that is observed.
static PLACES: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Has panics logged, where there is a subscriber that takes errors; the hook before this one
/// prints them otherwise.
///
/// A panic inside a task that is observed is logged by its observer, with its path, and comes here for
/// debugging only. With `RUST_BACKTRACE` set it comes here with its backtrace, which the observer has not:
/// the first, second, fourth, eighth and so on of a place, as a check or a worker may panic again and
/// again. So does that of an observer of events, without a backtrace, too: it has no other line. Any other
/// panic has none either, and comes each time.
///
/// [`App::main`](crate::App::main) calls it. A second call has no effect: a program that has a hook around
/// this one calls it before it sets its own.
pub fn log_panics() {
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
            let is_observed = kit_sync::panic::is_observed();
            let may_repeat = is_observed || is_delivering();
            let is_repeated = may_repeat && !count(info).is_power_of_two();
            if is_repeated {
                tracing::debug!(place, thread, "panicked: {message}");
                return;
            }
            let backtrace = Backtrace::capture();
            if backtrace.status() == BacktraceStatus::Captured {
                tracing::error!(place, thread, %backtrace, "panicked: {message}");
            } else if is_observed {
                tracing::debug!(place, thread, "panicked: {message}");
            } else {
                tracing::error!(place, thread, "panicked: {message}");
            }
        }));
    });
}

/// Counts a panic at its place.
fn count(info: &panic::PanicHookInfo<'_>) -> u64 {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let mut places = kit_sync::lock(&PLACES);
    let times = places.entry(place).or_default();
    *times += 1;
    *times
}
