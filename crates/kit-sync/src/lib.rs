//! Structured concurrency for services.
//!
//! Two questions have an answer for every task that is started through this crate: *when will it
//! end*, and *what could keep it from ending*? So nothing here starts a task behind its caller's
//! back, and every task has an owner, a name (or is counted under its scope's), a stop signal and
//! a deadline.
//!
//! | to | use |
//! |---|---|
//! | do a few things at once inside one function and see the first error | [`Group`], [`BoundedGroup`] |
//! | own the tasks of a program, by name, and end them in time with a report | [`TaskTree`], [`Scope`] |
//! | decide the effect of a task's failure | [`policy`] |
//! | cancel tasks, with a cause | [`StopToken`], [`Cause`] |
//! | wait until several parts are ready | [`Gate`], [`Latch`] |
//! | share a value that is read often and replaced seldom | [`Published`] |
//! | bound a wait, and give back the time in which the process did not run | [`Deadline`], [`Standstill`] |
//! | learn which task blocks the runtime, and never hang in a stop | [`Watchdog`] |
//! | log a failure that repeats itself without filling the log | [`Repeated`] |
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use kit_sync::TaskTree;
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let tree = TaskTree::new("example");
//! let scope = tree.scope().child("worker");
//! let stop = scope.token().clone();
//! scope.spawn("tick", async move {
//!     stop.cancelled().await;
//!     Ok(())
//! });
//! let report = tree.close(Instant::now() + Duration::from_secs(1)).await;
//! assert!(report.on_time());
//! assert_eq!(report.tasks[0].path(), "example/worker/tick");
//! # }
//! ```
//!
//! # What happens before what
//!
//! * the call of a `spawn` happens before the first poll of the task;
//! * the end of a task, and the drop of its future, happen before the `wait` or `close` returns
//!   that waited for it;
//! * [`StopToken::cancel`] happens before [`StopToken::cancelled`] resolves, so its cause is seen;
//! * [`Published::store`] happens before the [`Published::load`] that returns the value;
//! * the [`Latch::open`] of the last latch happens before [`Gate::opened`] resolves.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod bounded;
mod deadline;
mod error_chain;
mod gate;
mod group;
mod group_failure;
pub mod panic;
pub mod policy;
mod polling;
mod published;
mod regularly;
mod repeated;
mod roster;
mod standstill;
mod stop;
mod sync;
pub mod testing;
mod tree;
mod watchdog;

pub use bounded::{BoundedGroup, BoundedHandle};
pub use deadline::Deadline;
pub use error_chain::{BoxError, error_chain};
pub use gate::{Abandoned, Gate, Latch};
pub use group::{Group, GroupHandle};
pub use polling::on_errand;
pub use published::{Changes, Published, Reading};
pub use repeated::{Repeated, Repetition};
pub use standstill::Standstill;
pub use stop::{Cause, StopToken};
pub use sync::lock;
pub use tree::{
    CloseReport, Ending, Hold, Kind, MembersSnapshot, Outcome, Refused, Scope, ScopeState,
    Supervisor, Task, TaskError, TaskReport, TaskResult, TaskSnapshot, TaskTree, TreeSnapshot,
};
pub use watchdog::{StuckPoll, Watchdog, WatchdogEvent, WatchdogOptions};
