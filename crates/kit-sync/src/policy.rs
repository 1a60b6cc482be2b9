//! The effect of a task's failure: it stops the others, the work is begun anew, or it is only
//! reported.
//!
//! Each policy is a wrapper around the work: a future that the owner spawns like any other. None
//! spawns anything by itself, so a wrapped task has the name, the ending and the deadline that
//! its spawn gave it.
//!
//! | the work | policy | the task's outcome |
//! |---|---|---|
//! | the rest is of no use without it, and the process is started anew from outside | [`stop_all`] | the failure |
//! | its failures pass (a peer went away), and it can begin from nothing | [`Restart`] | completed, or [`GaveUp`] |
//! | nice to have (filling a cache) | [`ignore`] | completed |
//! | anything else | none | the failure, in the report of its scope |
//!
//! A failure is an error or a panic. That a task ended well, or was aborted, is none: whether it
//! should have gone on is its owner's business. Policies nest, the inner one decides first: a task
//! that is restarted for a while and then stops the others is
//!
//! ```
//! use std::time::Duration;
//!
//! use kit_sync::policy::{Restart, stop_all};
//! use kit_sync::{BoxError, StopToken, TaskTree};
//! use tokio::time::Instant;
//!
//! # async fn deliver(stop: StopToken) -> Result<(), BoxError> {
//! #     stop.cancelled().await;
//! #     Ok(())
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let tree = TaskTree::new("shop");
//! # let scope = tree.scope().child("workers");
//! let restarted = Restart::at_most(5, Duration::from_secs(60)).run(scope.token(), deliver);
//! scope.spawn("outbox", stop_all(&scope, "outbox", restarted));
//! # let report = tree.close(Instant::now() + Duration::from_secs(1)).await;
//! # assert_eq!(report.failures, []);
//! # }
//! ```
//!
//! A restart inside the process is for the failures that it can cure. The shared state that a
//! failed run left behind is still there for the next one; when that may be broken, let the process
//! end ([`stop_all`]) and be started anew by its supervisor.
//!
//! # Compared with others
//!
//! | | limit | delay | after a long run | beyond the limit |
//! |---|---|---|---|---|
//! | [`Restart`] | as given | 100 ms, doubled up to 10 s, half of it random | from 100 ms again | the task fails with [`GaveUp`] |
//! | Erlang's [supervisor] | 1 restart in 5 s | none | | it ends its other children, then itself: the failure goes up |
//! | systemd, `Restart=on-failure` | [5 starts in 10 s][unit] | [100 ms][service], can be made to grow | | the unit stays failed |
//! | [Kubernetes] | none | 10 s, doubled up to 5 min | from 10 s again after 10 min | |
//!
//! Limit and delay work against each other: with delays longer than the time divided by the
//! limit, the limit is never reached (which is how to restart without end).
//!
//! [supervisor]: https://www.erlang.org/doc/system/sup_princ.html#maximum-restart-intensity
//! [unit]: https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#StartLimitIntervalSec=interval
//! [service]: https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#RestartSec=
//! [Kubernetes]: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy

mod attempt;
mod backoff;
mod failure;
pub(crate) mod random;
mod restart;
mod restart_count;

use std::future::Future;
use std::panic::Location;

pub use backoff::Backoff;
pub use failure::Failure;
pub use restart::{Restart, Restarting};
pub use restart_count::{GaveUp, RestartCount};

use crate::{BoxError, Scope, TaskResult};
use attempt::attempt;

/// When `future` fails or panics, cancels `scope`, and with it every task below: for work without
/// which the rest is of no use.
///
/// The cause is [`Cause::Failed`] or [`Cause::Panicked`] with the name that is given here (that of
/// the spawn) below the scope's path, and the place of this call or of the panic. A scope that
/// was cancelled before keeps its first cause. The failure stays the task's outcome: an error is
/// returned, a panic goes on.
///
/// ```
/// use kit_sync::policy::stop_all;
/// use kit_sync::{Cause, TaskTree};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tree = TaskTree::new("shop");
/// let scope = tree.scope();
/// scope.spawn("prices", stop_all(scope, "prices", async { Err::<(), _>("no feed".into()) }));
/// scope.cancelled().await;
/// assert!(matches!(
///     scope.token().cause(),
///     Some(Cause::Failed { task, .. }) if task == "shop/prices"
/// ));
/// # }
/// ```
///
/// [`Cause::Failed`]: crate::Cause::Failed
/// [`Cause::Panicked`]: crate::Cause::Panicked
///
/// # Errors
/// Those of `future`.
///
/// # Panics
/// When `future` does.
///
/// # Cancel safety
/// As cancel safe as `future`; being dropped is no failure.
#[track_caller]
pub fn stop_all<F>(
    scope: &Scope,
    name: &str,
    future: F,
) -> impl Future<Output = Result<<F::Output as TaskResult>::Value, BoxError>> + Send + use<F>
where
    F: Future<Output: TaskResult> + Send,
{
    let scope = scope.clone();
    let name = name.to_owned();
    let location = Location::caller();
    attempt(future, move |ended| {
        ended.or_else(|broken| {
            let task = format!("{}/{name}", scope.path());
            scope.cancel(broken.cause(task, location));
            broken.go_on()
        })
    })
}

/// When `future` fails or panics, the task counts as completed all the same; the failure is
/// handed to `on_failure`, so that it is not lost: for work that is nice to have.
///
/// ```
/// use kit_sync::policy::ignore;
/// use kit_sync::{BoxError, TaskTree, error_chain};
///
/// # async fn fill_cache() -> Result<(), BoxError> { Err("no connection".into()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let tree = TaskTree::new("shop");
/// let warn = |failure| eprintln!("cache not filled: {}", error_chain(&failure));
/// let task = tree.scope().spawn("fill cache", ignore(fill_cache(), warn));
/// assert!(task.await.is_ok());
/// # }
/// ```
///
/// # Panics
/// When `on_failure` does.
///
/// # Cancel safety
/// As cancel safe as `future`; being dropped is no failure.
pub fn ignore<F>(
    future: F,
    on_failure: impl FnOnce(Failure) + Send,
) -> impl Future<Output = ()> + Send
where
    F: Future<Output: TaskResult<Value = ()>> + Send,
{
    attempt(future, |ended| {
        ended.unwrap_or_else(|broken| on_failure(broken.into()));
    })
}

/// Runs `future` and gives its failure as a value, a panic included: for a supervisor that decides by
/// itself. A panic of the call that makes the future is caught, too, when that is inside:
/// `caught(async move { work().await })`.
///
/// ```
/// use kit_sync::policy::{Failure, caught};
///
/// # async fn book() -> Result<u32, kit_sync::BoxError> { panic!("no seat left") }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let ended = caught(book()).await;
/// assert!(matches!(ended, Err(Failure::Panicked { message, .. }) if message == "no seat left"));
/// # }
/// ```
///
/// # Errors
/// The failure of `future`.
///
/// # Cancel safety
/// As cancel safe as `future`; being dropped is no failure.
pub fn caught<F>(
    future: F,
) -> impl Future<Output = Result<<F::Output as TaskResult>::Value, Failure>> + Send
where
    F: Future<Output: TaskResult> + Send,
{
    attempt(future, |ended| ended.map_err(Failure::from))
}
