//! How often work was restarted, and whether it may be once more.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::failure::Failure;

/// Counts failures and says for each whether, and after which delay, a restart follows: the memory of
/// a [`Restart`](super::Restart), for a supervisor that begins the work anew itself. From
/// [`Restart::count`](super::Restart::count).
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::policy::{Backoff, Failure, Restart};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let policy = Restart::at_most(1, Duration::from_secs(60));
/// let mut count = policy.backoff(Backoff::default().without_jitter()).count();
/// let failure = || Failure::Failed("refused".into());
/// let (_, delay) = count.record(failure(), Duration::ZERO).unwrap();
/// assert_eq!(delay, Duration::from_millis(100));
/// let gave_up = count.record(failure(), Duration::ZERO).unwrap_err();
/// assert_eq!(gave_up.failures, 2);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RestartCount {
    limit: usize,
    period: Duration,
    backoff: Backoff,
    /// When the failures of the last period were: never more than the limit and one.
    recent: VecDeque<Instant>,
}

/// Why a [`Restart`](super::Restart) ended: its work failed too often. Its source is the last error, or the last
/// [`Failure`] when that was a panic.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::policy::{GaveUp, Restart};
/// use kit_sync::{StopToken, error_chain};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = Restart::at_most(0, Duration::from_secs(60))
///     .run(&StopToken::new(), |_stop| async { Err("no such table".into()) })
///     .await
///     .unwrap_err();
/// assert_eq!(error.downcast_ref::<GaveUp>().unwrap().failures, 1);
/// assert!(error_chain(&*error).ends_with("no such table"));
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct GaveUp {
    /// How many failures there were in that time; one more than the limit.
    pub failures: usize,
    /// From the first of them to the last.
    pub within: Duration,
    /// How many restarts were allowed.
    pub limit: usize,
    /// In which time.
    pub period: Duration,
    /// The last failure.
    pub last: Failure,
}

// === impl RestartCount ===

impl RestartCount {
    pub(super) fn new(limit: usize, period: Duration) -> RestartCount {
        RestartCount {
            limit,
            period,
            backoff: Backoff::default(),
            recent: VecDeque::new(),
        }
    }

    pub(super) fn set_backoff(&mut self, backoff: Backoff) {
        self.backoff = backoff;
    }

    /// Records that the work has succeeded, as periodic work does at its times: the next delay is the
    /// first again. The failures of the last period still count.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_sync::policy::{Backoff, Failure, Restart};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let policy = Restart::at_most(5, Duration::from_secs(60));
    /// let mut count = policy.backoff(Backoff::default().without_jitter()).count();
    /// for _ in 0..2 {
    ///     let failure = Failure::Failed("refused".into());
    ///     let (_, delay) = count.record(failure, Duration::ZERO).unwrap();
    ///     assert_eq!(delay, Duration::from_millis(100));
    ///     count.record_success();
    /// }
    /// # }
    /// ```
    pub fn record_success(&mut self) {
        self.backoff.reset();
    }

    /// Records that a run has failed now, after it ran for `ran`. Gives the failure back with the delay
    /// before the restart.
    ///
    /// # Errors
    /// [`GaveUp`], with the failure, when there were more than the limit within the period.
    pub fn record(
        &mut self,
        failure: Failure,
        ran: Duration,
    ) -> Result<(Failure, Duration), GaveUp> {
        let now = Instant::now();
        self.recent.push_back(now);
        // No more than the limit and one are of interest, also to a caller that goes on after the end.
        while now - self.recent[0] > self.period || self.recent.len() - 1 > self.limit {
            self.recent.pop_front();
        }
        if self.recent.len() <= self.limit {
            return Ok((failure, self.backoff.after_run(ran)));
        }
        Err(GaveUp {
            failures: self.recent.len(),
            within: now - self.recent[0],
            limit: self.limit,
            period: self.period,
            last: failure,
        })
    }
}

// === impl GaveUp ===

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GaveUp {
            failures,
            within,
            limit,
            period,
            last: _,
        } = self;
        let plural = if *failures == 1 { "" } else { "s" };
        write!(
            f,
            "gave up after {failures} failure{plural} in {within:.1?} (at most {limit} in {period:?} are forgiven)"
        )
    }
}

impl Error for GaveUp {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.last {
            // The error itself, so that a downcast finds its type.
            Failure::Failed(error) => Some(&**error),
            panicked => Some(panicked),
        }
    }
}
