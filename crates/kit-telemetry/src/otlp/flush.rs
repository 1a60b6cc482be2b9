//! The calls of plain threads that wait for the export.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::control::Control;
use super::flushed::Flushed;
use super::tally::Tally;

/// Asks the exporter and waits for it, never beyond a deadline.
#[derive(Clone, Debug)]
pub(super) struct Flusher {
    control: Arc<Control>,
    tally: Arc<Tally>,
}

impl Flusher {
    pub(super) fn new(control: Arc<Control>, tally: Arc<Tally>) -> Flusher {
        Flusher { control, tally }
    }

    pub(super) fn spans(&self) -> Flushed {
        self.tally.flushed()
    }

    /// Has all spans sent that have ended by now, and blocks until then, at most for `limit`. The export goes on. A
    /// collector that refuses ends the flush at once: its batch is sent again later.
    #[cfg(test)]
    pub(super) fn flush(&self, limit: Duration) -> Flushed {
        let flush = self.control.ask_for_flush();
        self.control.wait_for_flush(flush, after(limit));
        self.spans()
    }

    /// Has all spans sent that have ended by now and ends the exporter's thread, within `limit` in all. Spans that
    /// could not be sent are `unfinished`, and those that end later `dropped`; a thread that did not end in time ends
    /// at its next await. Once is enough: a second call has nothing to wait for.
    pub(super) fn shutdown(&self, limit: Duration) -> Flushed {
        if self.control.is_asked_to_stop() {
            return self.spans();
        }
        let deadline = after(limit);
        // The thread's own end is a matter of microseconds.
        let reserve = (limit / 10).min(Duration::from_millis(50));
        let flush = self.control.ask_for_flush();
        let first = deadline.checked_sub(reserve).unwrap_or(deadline);
        self.control.wait_for_flush(flush, first);
        self.control.ask_for_stop();
        self.control.wait_for_end(deadline);
        self.spans()
    }
}

/// A limit too long for a clock is a year.
fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    Instant::now() + limit.min(YEAR)
}
