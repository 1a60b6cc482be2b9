//! The calls of plain threads that wait for the export.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::control::Control;
use super::flushed::Flushed;
use super::measure::{Exports, MetricsTally};
use super::tally::Tally;

/// Asks the exporters of spans and of metrics and waits for them, never beyond a deadline. They work at the
/// same time: neither waits for the other.
#[derive(Clone, Debug)]
pub(super) struct Flusher {
    control: Arc<Control>,
    tally: Arc<Tally>,
    metrics: Option<(Arc<Control>, Arc<MetricsTally>)>,
}

impl Flusher {
    pub(super) fn new(
        control: Arc<Control>,
        tally: Arc<Tally>,
        metrics: Option<(Arc<Control>, Arc<MetricsTally>)>,
    ) -> Flusher {
        Flusher {
            control,
            tally,
            metrics,
        }
    }

    fn controls(&self) -> impl Iterator<Item = &Control> {
        let metrics = self.metrics.iter().map(|(control, _)| control);
        [&self.control].into_iter().chain(metrics).map(Arc::as_ref)
    }

    pub(super) fn spans(&self) -> Flushed {
        self.tally.flushed()
    }

    pub(super) fn metrics(&self) -> Exports {
        let exports = self.metrics.as_ref().map(|(_, tally)| tally.exports());
        exports.unwrap_or_default()
    }

    /// Has all spans sent that have ended by now, and all metrics, and blocks until then, at most for `limit`. The
    /// export goes on. A collector that refuses ends the flush at once: its batch is sent again later.
    #[cfg(test)]
    pub(super) fn flush(&self, limit: Duration) -> Flushed {
        self.flush_until(after(limit));
        self.spans()
    }

    fn flush_until(&self, deadline: Instant) {
        let flushes: Vec<_> = self.controls().map(Control::ask_for_flush).collect();
        for (control, flush) in self.controls().zip(flushes) {
            control.wait_for_flush(flush, deadline);
        }
    }

    /// Has all spans sent that have ended by now, and all metrics, and ends the exporters' thread, within `limit` in
    /// all. Spans that could not be sent are `unfinished`, and those that end later `dropped`; a thread that did not
    /// end in time ends at its next await. Once is enough: a second call has nothing to wait for.
    pub(super) fn shutdown(&self, limit: Duration) -> Flushed {
        if self.control.is_asked_to_stop() {
            return self.spans();
        }
        let deadline = after(limit);
        // The thread's own end is a matter of microseconds.
        let reserve = (limit / 10).min(Duration::from_millis(50));
        self.flush_until(deadline.checked_sub(reserve).unwrap_or(deadline));
        self.controls().for_each(Control::ask_for_stop);
        for control in self.controls() {
            control.wait_for_end(deadline);
        }
        self.spans()
    }
}

/// A limit too long for a clock is a year.
fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    Instant::now() + limit.min(YEAR)
}
