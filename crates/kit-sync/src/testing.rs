//! For tests: that no task was left behind, and delays that can be repeated.
//!
//! ```
//! use std::time::Duration;
//!
//! use kit_sync::TaskTree;
//! use kit_sync::testing::{assert_no_tasks, assert_runtime_has_no_tasks};
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let tree = TaskTree::new("example");
//! tree.scope().spawn("short", async {});
//! tree.close(Instant::now() + Duration::from_secs(1)).await;
//! assert_no_tasks(tree.scope());
//! assert_runtime_has_no_tasks(Duration::from_secs(1)).await;
//! # }
//! ```

use std::fmt::Write;
use std::panic::Location;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use crate::policy::random;
use crate::tree::roots;
use crate::{Scope, TreeSnapshot};

/// How often the runtime is asked: it has no event for the end of its last task.
const STEP: Duration = Duration::from_millis(1);

/// Asserts that nothing lives in the scope, nor in the scopes below it.
///
/// # Panics
/// When something does: the message lists the tasks that were left, by name and by the place that
/// spawned them.
#[track_caller]
pub fn assert_no_tasks(scope: &Scope) {
    let tree = scope.tree();
    assert!(
        tree.is_empty(),
        "tasks were left behind:{}",
        leaked(&tree, scope.path())
    );
}

/// Asserts that the current runtime holds no task, of a tree or not. Waits for that, because a
/// runtime lets go of a task a little after it has ended. The caller must not be inside a task
/// itself; the body of a `#[tokio::test]` is not.
///
/// # Panics
/// When there still is one after `within`: the message lists those of every tree, by name and by
/// the place that spawned them, and counts those that no tree knows. Outside a runtime.
///
/// # Cancel safety
/// May be dropped at any time.
#[track_caller]
pub fn assert_runtime_has_no_tasks(within: Duration) -> impl Future<Output = ()> + Send {
    let caller = Location::caller();
    async move {
        let runtime = Handle::current();
        let limit = Instant::now() + within;
        loop {
            let count = runtime.metrics().num_alive_tasks();
            if count == 0 {
                return;
            }
            let ending = if count == 1 { "" } else { "s" };
            assert!(
                Instant::now() < limit,
                "at {caller}, the runtime holds {count} task{ending}; known of them:{}",
                known(&runtime)
            );
            sleep(STEP).await;
        }
    }
}

/// From here on the random parts of the delays that are drawn on this thread come from `seed`: those of
/// [`Backoff`](crate::policy::Backoff), and of everything in Kit that has one. With a runtime of this thread alone and
/// a paused clock, a test that draws the same delays has the same times again.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::policy::Backoff;
/// use kit_sync::testing::seed_delays;
///
/// let first_delay = || Backoff::starting_at(Duration::from_secs(1)).next_delay();
/// seed_delays(7);
/// let drawn = first_delay();
/// seed_delays(7);
/// assert_eq!(first_delay(), drawn);
/// ```
pub fn seed_delays(seed: u64) {
    random::seed(seed);
}

fn known(runtime: &Handle) -> String {
    let trees = roots::of(runtime);
    let known: String = trees
        .iter()
        .map(|scope| leaked(&scope.tree(), scope.path()))
        .collect();
    if known.is_empty() {
        return " none, so they were not spawned in a task tree".to_owned();
    }
    known
}

fn leaked(tree: &TreeSnapshot, path: &str) -> String {
    let mut text = String::new();
    for task in &tree.tasks {
        let _ = write!(
            text,
            "\n  {path}/{}, spawned at {}",
            task.name, task.spawned_at
        );
    }
    for members in &tree.members {
        let (count, place) = (members.count, &members.spawned_at);
        let _ = write!(text, "\n  {path}: {count} unnamed, spawned at {place}");
    }
    let more = [
        (tree.more_tasks, "more tasks"),
        (tree.fresh_members, "unnamed that were not polled yet"),
        (tree.holds, "holds"),
        (tree.more_scopes, "more scopes"),
    ];
    for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, "\n  {path}: {count} {what}");
    }
    for scope in &tree.scopes {
        text.push_str(&leaked(scope, &format!("{path}/{}", scope.name)));
    }
    text
}
