//! How much time the process has missed, as a thread sees it that looks at the system's clock.

use std::sync::Arc;
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::regularly::now;
use crate::sync::OnceLock;

/// How often the thread looks at the clock.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);
/// A pause beyond an interval on a busy machine is shorter.
const STANDSTILL: Duration = Duration::from_millis(500);
/// How long a deadline waits for the thread's next looks.
const LAST_LOOKS: Duration = Duration::from_secs(1);

/// Reads the looks of a thread. A clock without a thread misses nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct StandstillClock(Option<Arc<ClockThread>>);

#[derive(Debug)]
struct ClockThread {
    looks: watch::Receiver<Looks>,
    thread: Arc<OnceLock<Thread>>,
}

/// The result of all looks so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    missed: Duration,
    count: u64,
    last: Instant,
}

impl Looks {
    /// None yet: the time that is missed counts from now, also when the thread gets no processor
    /// before the process stands still.
    pub(super) fn none() -> Looks {
        Looks {
            missed: Duration::ZERO,
            count: 0,
            last: now(),
        }
    }

    pub(super) fn add(&mut self, at: Instant) {
        self.missed += missed(at - self.last, INTERVAL).unwrap_or_default();
        self.count += 1;
        self.last = at;
    }
}

impl StandstillClock {
    /// One whose looks come from this thread, once it runs.
    pub(super) fn of(
        looks: watch::Receiver<Looks>,
        thread: Arc<OnceLock<Thread>>,
    ) -> StandstillClock {
        StandstillClock(Some(Arc::new(ClockThread { looks, thread })))
    }

    /// How long the process has stood still since the thread began to look.
    pub(crate) fn missed(&self) -> Duration {
        let thread = self.0.as_ref();
        thread.map_or(Duration::ZERO, |thread| thread.looks.borrow().missed)
    }

    /// Whether the last look is old enough that the process may just have stood still.
    pub(crate) fn is_behind(&self) -> bool {
        self.0.as_ref().is_some_and(|thread| {
            let last = thread.looks.borrow().last;
            thread.looks.has_changed().is_ok() && missed(now() - last, INTERVAL).is_some()
        })
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for the thread when it [is behind](Self::is_behind).
    pub(crate) async fn catch_up(&self) {
        if self.is_behind() {
            self.settle().await;
        }
    }

    /// Waits until the thread has looked twice: a look that had begun before may have read the
    /// clock before the process stood still.
    pub(crate) async fn settle(&self) {
        let Some(thread) = &self.0 else { return };
        let mut looks = thread.looks.clone();
        let enough = looks.borrow_and_update().count + 2;
        let looked = async {
            while looks.borrow_and_update().count < enough {
                if let Some(thread) = thread.thread.get() {
                    thread.unpark();
                }
                if looks.changed().await.is_err() {
                    return;
                }
            }
        };
        // The wait is bounded: the thread may get no processor at all.
        let _ = timeout(LAST_LOOKS, looked).await;
    }
}

/// How long the process did not run, when `passed` lies between two looks that should be an
/// interval apart.
pub(crate) fn missed(passed: Duration, interval: Duration) -> Option<Duration> {
    let missed = passed.saturating_sub(interval);
    (missed > STANDSTILL).then_some(missed)
}
