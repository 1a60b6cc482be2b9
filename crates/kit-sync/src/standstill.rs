//! Time in which the whole process did not run.

mod clock;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::regularly::{now, until};
use crate::sync::OnceLock;
use crate::{Deadline, Scope};
use clock::{INTERVAL, Looks};
pub(crate) use clock::{StandstillClock, missed};

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
pub struct Standstill(StandstillClock);

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
        let (sender, looks) = watch::channel(Looks::none());
        let thread = Arc::new(OnceLock::new());
        let this = Arc::clone(&thread);
        scope.spawn_thread("standstill", move |token| {
            this.get_or_init(thread::current);
            until(token.cancelled_owned(), INTERVAL, || {
                let at = now();
                sender.send_modify(|looks| looks.add(at));
            });
        })?;
        Ok(Standstill(StandstillClock::of(looks, thread)))
    }

    /// How long the process has stood still since the thread began to look.
    #[must_use]
    pub fn missed(&self) -> Duration {
        self.0.missed()
    }

    /// A deadline that is moved by the time that the process misses from now on.
    #[must_use]
    pub fn deadline(&self, at: Instant) -> Deadline {
        Deadline::new(at, self.0.clone())
    }

    /// Waits for the thread when its last look is old enough that the process may just have stood
    /// still: a figure that is taken from a deadline, such as a share of the time that is left, is
    /// right after that.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn catch_up(&self) {
        self.0.catch_up().await;
    }
}
