//! What the exporter is asked for, and what it has done.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What the exporter is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// How many flushes.
    pub(super) flushes: u64,
    pub(super) is_stop: bool,
}

#[derive(Debug, Default)]
struct Done {
    flushes: u64,
    is_ended: bool,
}

/// Between plain threads, which ask and wait, and the exporter.
#[derive(Debug, Default)]
pub(super) struct Control {
    asked: watch::Sender<Asked>,
    done: Mutex<Done>,
    changed: Condvar,
}

impl Control {
    /// The wishes, as the exporter sees them.
    pub(super) fn asked(&self) -> watch::Receiver<Asked> {
        self.asked.subscribe()
    }

    /// Asks for a flush; gives its number.
    pub(super) fn ask_for_flush(&self) -> u64 {
        let mut number = 0;
        self.asked.send_modify(|asked| {
            asked.flushes += 1;
            number = asked.flushes;
        });
        number
    }

    /// Asks the exporter to end at its next await.
    pub(super) fn ask_for_stop(&self) {
        self.asked.send_modify(|asked| asked.is_stop = true);
    }

    pub(super) fn is_asked_to_stop(&self) -> bool {
        self.asked.borrow().is_stop
    }

    /// The flushes up to this one are done.
    pub(super) fn mark_flushed(&self, flushes: u64) {
        kit_sync::lock(&self.done).flushes = flushes;
        self.changed.notify_all();
    }

    pub(super) fn mark_ended(&self) {
        kit_sync::lock(&self.done).is_ended = true;
        self.changed.notify_all();
    }

    /// Blocks until the flush with this number is done or the exporter has ended, at most until the deadline.
    pub(super) fn wait_for_flush(&self, number: u64, deadline: Instant) {
        self.wait(deadline, |done| done.is_ended || done.flushes >= number);
    }

    /// Blocks until the exporter has ended, at most until the deadline; whether it has.
    pub(super) fn wait_for_end(&self, deadline: Instant) -> bool {
        self.wait(deadline, |done| done.is_ended)
    }

    fn wait(&self, deadline: Instant, is_done: impl Fn(&Done) -> bool) -> bool {
        let mut done = kit_sync::lock(&self.done);
        loop {
            if is_done(&done) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            let woken = self.changed.wait_timeout(done, left);
            (done, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
