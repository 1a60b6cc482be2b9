//! Asking the app's runtime whether it polls, from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::runtime::Liveness;

/// How often the runtime is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(250);
/// How many looks lie between two questions to a runtime that answers.
const PERIOD: u32 = 2;
/// The silence from which on the runtime makes no progress. With the time until it is asked, and that
/// until the answer is missed, it is less than two seconds.
const SILENT: Duration = Duration::from_secs(1);

/// Shared by the thread that asks and the task that answers.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    ask: Notify,
    /// Only a number: it orders nothing.
    answers: AtomicU64,
}

impl Heartbeat {
    /// The task that answers. Never ends by itself.
    pub(crate) async fn answer(self: Arc<Heartbeat>) {
        loop {
            self.ask.notified().await;
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The asking side.
#[derive(Debug)]
pub(crate) struct Pulse {
    heartbeat: Arc<Heartbeat>,
    asked: u64,
    /// Looks since it was asked.
    looks: u32,
    /// How long the answer is missing.
    waited: Duration,
    last_look: Instant,
}

/// The result of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// The runtime has answered.
    Answered,
    /// It has not, and has time left.
    Awaited,
    /// It has polled nothing for this long.
    Silent(Duration),
}

impl Beat {
    /// Writes it where the probes read it.
    pub(crate) fn record(self, liveness: &Liveness) {
        match self {
            Beat::Answered => liveness.mark_back(),
            Beat::Awaited => {}
            Beat::Silent(since) => liveness.mark_silent(since),
        }
    }
}

impl Pulse {
    pub(crate) fn new(heartbeat: Arc<Heartbeat>) -> Pulse {
        Pulse {
            heartbeat,
            asked: 0,
            looks: PERIOD,
            waited: Duration::ZERO,
            last_look: Instant::now(),
        }
    }

    /// Looks whether the last question was answered, and asks the next one.
    ///
    /// A look that comes late counts as two at most: the process stood still, and the runtime with it.
    pub(crate) fn look(&mut self) -> Beat {
        let now = Instant::now();
        let passed = now.duration_since(self.last_look).min(TICK * 2);
        self.last_look = now;
        self.looks = self.looks.saturating_add(1);
        if self.heartbeat.answers.load(Ordering::Relaxed) != self.asked {
            self.waited += passed;
            return match self.waited {
                silent if silent >= SILENT => Beat::Silent(silent),
                _ => Beat::Awaited,
            };
        }
        self.waited = Duration::ZERO;
        if self.looks >= PERIOD {
            self.looks = 0;
            self.asked += 1;
            self.heartbeat.ask.notify_one();
        }
        Beat::Answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_does_not_answer_is_silent_after_a_second() {
        let heartbeat = Arc::new(Heartbeat::default());
        let mut pulse = Pulse::new(Arc::clone(&heartbeat));
        let mut beats = Vec::new();
        for _ in 0..6 {
            beats.push(pulse.look());
            tokio::time::advance(TICK).await;
        }
        use Beat::{Answered, Awaited, Silent};
        let silent = Silent(Duration::from_secs(1));
        assert_eq!(
            beats,
            [
                Answered,
                Awaited,
                Awaited,
                Awaited,
                silent,
                Silent(SILENT + TICK)
            ]
        );
        heartbeat.answers.store(1, Ordering::Relaxed);
        assert_eq!(pulse.look(), Answered);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_the_process_stood_still_is_no_silence() {
        let mut pulse = Pulse::new(Arc::default());
        assert_eq!(pulse.look(), Beat::Answered);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(pulse.look(), Beat::Awaited);
    }
}
