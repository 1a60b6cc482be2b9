//! Time in which the whole process did not run.

use std::io;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::regularly::{now, until};
use crate::sync::OnceLock;
use crate::{Deadline, Scope};

/// How often the thread looks at the clock.
const INTERVAL: Duration = Duration::from_millis(100);
/// What passes beyond an interval on a busy machine is less.
const STANDSTILL: Duration = Duration::from_millis(500);
/// How long a deadline waits for the thread's last word.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How long the process stood still: paused in a frozen container, or stopped by SIGSTOP.
///
/// A plain thread looks at the system's clock every 100 ms. Where more than 500 ms are missing
/// between two looks the process did not run, and [deadlines](Self::deadline) get that time back.
/// A runtime that is blocked gets nothing back: the thread goes on looking meanwhile. Clones are
/// the same.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::{Standstill, TaskTree};
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let tree = TaskTree::new("stop");
/// let standstill = Standstill::watch(tree.scope())?;
/// let deadline = standstill.deadline(Instant::now() + Duration::from_millis(50));
/// deadline.passed().await;
/// assert_eq!(standstill.missed(), Duration::ZERO);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Standstill(Option<Arc<Watched>>);

#[derive(Debug)]
struct Watched {
    seen: watch::Receiver<Seen>,
    thread: Arc<OnceLock<Thread>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    missed: Duration,
    looks: u64,
    /// When the thread looked last.
    last: std::time::Instant,
}

impl Standstill {
    /// One that sees nothing and has no thread: for a clock that is paused.
    #[must_use]
    pub fn unwatched() -> Standstill {
        Standstill::default()
    }

    /// Starts the thread that looks, in `scope`; it ends with the scope.
    ///
    /// # Errors
    /// When the scope has ended, or the system has no thread to give.
    pub fn watch(scope: &Scope) -> io::Result<Standstill> {
        // From here on, also when the thread gets no processor before the process stands still.
        let (sender, seen) = watch::channel(Seen {
            missed: Duration::ZERO,
            looks: 0,
            last: now(),
        });
        let thread = Arc::new(OnceLock::new());
        let this = Arc::clone(&thread);
        scope.spawn_thread("standstill", move |token| {
            this.get_or_init(thread::current);
            until(token.cancelled_owned(), INTERVAL, || {
                let look = now();
                sender.send_modify(|seen| {
                    seen.missed += missed(look - seen.last, INTERVAL).unwrap_or_default();
                    seen.looks += 1;
                    seen.last = look;
                });
            });
        })?;
        Ok(Standstill(Some(Arc::new(Watched { seen, thread }))))
    }

    /// How long the process has stood still since the thread began to look.
    #[must_use]
    pub fn missed(&self) -> Duration {
        let watched = self.0.as_ref();
        watched.map_or(Duration::ZERO, |watched| watched.seen.borrow().missed)
    }

    /// A deadline that is moved by what the process misses from now on.
    #[must_use]
    pub fn deadline(&self, at: Instant) -> Deadline {
        Deadline::new(at, self.clone())
    }

    /// Waits for the thread when it has not looked for so long that the process may just have stood
    /// still: what is reckoned from a deadline, such as a share of the time that is left, is right
    /// after that.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn catch_up(&self) {
        if self.is_behind() {
            self.settle().await;
        }
    }

    /// Whether the thread has not looked for so long that the process may just have stood still.
    pub(crate) fn is_behind(&self) -> bool {
        self.0.as_ref().is_some_and(|watched| {
            let last = watched.seen.borrow().last;
            watched.seen.has_changed().is_ok() && missed(now() - last, INTERVAL).is_some()
        })
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.0.is_some()
    }

    /// Waits until the thread has looked twice: a look that had begun before may have read the
    /// clock before the process stood still.
    pub(crate) async fn settle(&self) {
        let Some(watched) = &self.0 else { return };
        let mut seen = watched.seen.clone();
        let enough = seen.borrow_and_update().looks + 2;
        let looked = async {
            while seen.borrow_and_update().looks < enough {
                if let Some(thread) = watched.thread.get() {
                    thread.unpark();
                }
                if seen.changed().await.is_err() {
                    return;
                }
            }
        };
        // A thread that has no processor for so long is no reason to wait for ever.
        let _ = timeout(LAST_WORD, looked).await;
    }
}

/// How long the process did not run, when so much passed where an interval should have.
pub(crate) fn missed(passed: Duration, interval: Duration) -> Option<Duration> {
    let missed = passed.saturating_sub(interval);
    (missed > STANDSTILL).then_some(missed)
}
