//! Panics outside tasks: a line with their place, which is written before the process can end.

use std::panic;
use std::sync::{Arc, Once};
use std::time::Duration;

use crate::log::LineQueue;

/// How long a thread that panics waits for its line to be written.
const WRITTEN: Duration = Duration::from_millis(200);

/// Has panics logged as [`App::main`](kit_app::App::main) does, and the log written at once when one is
/// outside of tasks, as it may be the last thing that the process does.
///
/// The line is that of `kit_app`, whose hook is set first, and once: `App::main` adds no second one. A panic of
/// a task does not wait, as it comes from a thread of the runtime.
pub(crate) fn log_them(lines: &Arc<LineQueue>) {
    static ONCE: Once = Once::new();
    let lines = Arc::clone(lines);
    ONCE.call_once(|| {
        kit_app::log_panics();
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            previous(info);
            if !kit_sync::panic::is_observed() {
                lines.flush(WRITTEN);
            }
        }));
    });
}
