//! Restarts after a failure, within a limit.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::attempt::{Broken, attempt};
use super::backoff::Backoff;
use super::failure::Failure;
use super::restart_count::RestartCount;
use crate::panic::catch;
use crate::{BoxError, StopToken, TaskResult};

/// Begins work anew when it fails or panics, after a delay, and gives up when it fails too often.
///
/// Every run is a new call of the same closure, with the token that is cancelled when it has to
/// stop. The future of a failed run is gone before the delay begins. Nothing is written anywhere:
/// [`on_restart`](Self::on_restart) is where a restart can be seen.
///
/// The policy is a value: a clone of it serves another task and counts for itself.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::policy::{Backoff, Restart};
/// use kit_sync::{TaskTree, error_chain};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let tree = TaskTree::new("shop");
/// # let scope = tree.scope();
/// let policy = Restart::at_most(5, Duration::from_secs(60))
///     .backoff(Backoff::starting_at(Duration::from_millis(1)))
///     .on_restart(|restart| {
///         let why = error_chain(restart.failure);
///         eprintln!("outbox: again in {:?}, after: {why}", restart.delay);
///     });
/// let mut connections = ["refused", "reset", "good"].into_iter();
/// let outbox = policy.run(scope.token(), move |_stop| {
///     let connection = connections.next();
///     async move {
///         match connection {
///             Some("good") => Ok(()),
///             other => Err(format!("connection {other:?}").into()),
///         }
///     }
/// });
/// assert!(scope.spawn("outbox", outbox).await.is_ok());
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a policy does nothing until it runs some work"]
pub struct Restart {
    count: RestartCount,
    on_restart: Option<OnRestart>,
}

type OnRestart = Arc<dyn Fn(&Restarting<'_>) + Send + Sync>;

/// A restart that is about to happen, for [`Restart::on_restart`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Restarting<'a> {
    /// Why.
    pub failure: &'a Failure,
    /// How long the run that failed had lasted.
    pub ran: Duration,
    /// Which restart this is, counted from 1 since the beginning.
    pub attempt: usize,
    /// The delay before it.
    pub delay: Duration,
}

// === impl Restart ===

impl Restart {
    /// Allows at most `limit` restarts in any stretch of `period`: the failure after that ends it
    /// ([`GaveUp`](super::GaveUp)). The stretch slides, as in Erlang: it has no beginning that a failure could
    /// fall behind, and a failure counts until it is older than `period`. A limit of 0 never
    /// restarts.
    ///
    /// The delays are those of [`Backoff::default`].
    ///
    /// # Panics
    /// When `period` is zero: no two failures would ever fall into it, so it would restart without
    /// end.
    #[track_caller]
    pub fn at_most(limit: usize, period: Duration) -> Restart {
        assert!(
            !period.is_zero(),
            "a period of restarts has to be longer than nothing"
        );
        Restart {
            count: RestartCount::new(limit, period),
            on_restart: None,
        }
    }

    /// How long to wait before a restart. A run that lasted at least as long as the longest delay
    /// lets the next delay begin from the first again: such work was up, and what ended it is a new
    /// failure.
    pub fn backoff(mut self, backoff: Backoff) -> Restart {
        self.count.set_backoff(backoff);
        self
    }

    /// A count of failures by this policy's limit, with its delays, for a supervisor that runs the work
    /// itself. It begins from nothing, and nothing calls [`on_restart`](Self::on_restart).
    #[must_use]
    pub fn count(&self) -> RestartCount {
        self.count.clone()
    }

    /// Is called at every failure that is followed by a restart, before the delay. The failure
    /// that is not (the last of too many, or one after the token was cancelled) is in the result.
    pub fn on_restart(
        mut self,
        observe: impl Fn(&Restarting<'_>) + Send + Sync + 'static,
    ) -> Restart {
        self.on_restart = Some(Arc::new(observe));
        self
    }

    /// Calls `work` and runs the future that it returns, again after each failure, until it ends
    /// well.
    ///
    /// `token` ends the restarts. It is given to each run; it ends a delay at once (with `Ok`: the
    /// failure before the delay was forgiven already); and once it is cancelled, nothing is begun
    /// anew. The first run begins even when it is cancelled already, as a task of a scope does.
    ///
    /// # Errors
    /// [`GaveUp`](super::GaveUp) when the work failed too often. Its own error, unchanged, when it failed after
    /// the token was cancelled.
    ///
    /// # Panics
    /// With the panic of the work, when it panicked after the token was cancelled; and when
    /// [`on_restart`](Self::on_restart) panics.
    ///
    /// # Cancel safety
    /// Dropping it drops the run in progress: as cancel safe as that.
    pub fn run<W, F>(
        self,
        token: &StopToken,
        mut work: W,
    ) -> impl Future<Output = Result<(), BoxError>> + Send + use<W, F>
    where
        W: FnMut(StopToken) -> F + Send,
        F: Future<Output: TaskResult<Value = ()>> + Send,
    {
        let token = token.clone();
        async move {
            let mut count = self.count;
            for attempt in 1.. {
                let started = Instant::now();
                let Err(broken) = run_once(&mut work, &token).await else {
                    break;
                };
                if token.is_cancelled() {
                    return broken.go_on();
                }
                let ran = started.elapsed();
                let (failure, delay) = count.record(broken.into(), ran)?;
                if let Some(observe) = &self.on_restart {
                    observe(&Restarting {
                        failure: &failure,
                        ran,
                        attempt,
                        delay,
                    });
                }
                drop(failure);
                tokio::select! {
                    biased;
                    () = token.cancelled() => break,
                    () = sleep(delay) => {}
                }
            }
            Ok(())
        }
    }
}

/// The future is gone when this returns.
async fn run_once<W, F>(work: &mut W, token: &StopToken) -> Result<(), Broken>
where
    W: FnMut(StopToken) -> F,
    F: Future<Output: TaskResult<Value = ()>>,
{
    let future = catch(|| work(token.clone())).map_err(Broken::Panic)?;
    attempt(future, |ended| ended).await
}

impl fmt::Debug for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restart")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
