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

    /// Has all spans sent that have ended by now.
    pub(super) fn flush(&self, limit: Duration) -> Flushed {
        let flush = self.control.ask_for_flush();
        self.control.wait_for_flush(flush, after(limit));
        self.spans()
    }

    /// Flushes, and ends the exporter's thread.
    pub(super) fn shutdown(&self, limit: Duration) -> Flushed {
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

    /// Ends the exporter's thread at its next await.
    pub(super) fn stop(&self) {
        self.control.ask_for_stop();
    }
}

/// A limit too long for a clock is a year.
fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    Instant::now() + limit.min(YEAR)
}
