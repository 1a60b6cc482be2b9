//! Asking the runtime whether it polls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{StuckPoll, WatchdogEvent};
use crate::sync::{AtomicU64, Notify, Ordering};

/// Shared by the asking thread and the answering task.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    ask: Notify,
    /// Only a number: it orders nothing.
    answers: AtomicU64,
}

impl Heartbeat {
    /// The task that answers. Never ends by itself.
    pub(super) async fn run(self: Arc<Heartbeat>) {
        loop {
            self.ask.notified().await;
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The asking side.
#[derive(Debug)]
pub(super) struct Pulse {
    heartbeat: Arc<Heartbeat>,
    limit: Duration,
    asked: u64,
    /// When it was last asked.
    at: Option<Instant>,
    silent: bool,
}

/// How often a runtime that answers is woken for this.
const PERIOD: Duration = Duration::from_secs(1);

impl Pulse {
    pub(super) fn new(heartbeat: Arc<Heartbeat>, limit: Duration) -> Pulse {
        Pulse {
            heartbeat,
            limit,
            asked: 0,
            at: None,
            silent: false,
        }
    }

    pub(super) fn look(
        &mut self,
        now: Instant,
        polls: impl Fn() -> Vec<StuckPoll>,
    ) -> Option<WatchdogEvent> {
        let since = self.at.map(|at| now.duration_since(at));
        let answered = self.heartbeat.answers.load(Ordering::Relaxed) == self.asked;
        match since {
            Some(since) if !answered => {
                if since < self.limit || std::mem::replace(&mut self.silent, true) {
                    return None;
                }
                let polls = polls();
                Some(WatchdogEvent::RuntimeSilent { since, polls })
            }
            Some(after) if std::mem::replace(&mut self.silent, false) => {
                self.ask(now);
                Some(WatchdogEvent::RuntimeBack { after })
            }
            Some(since) if since < PERIOD.min(self.limit) => None,
            _ => {
                self.ask(now);
                None
            }
        }
    }

    /// Time in which nothing could run does not count.
    pub(super) fn forgive(&mut self, missed: Duration) {
        self.at = self.at.map(|at| at + missed);
    }

    fn ask(&mut self, now: Instant) {
        self.asked += 1;
        self.at = Some(now);
        self.heartbeat.ask.notify_one();
    }
}
