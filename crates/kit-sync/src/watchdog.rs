//! A thread outside the runtime that names the tasks that block it.

mod event;
mod heartbeat;
mod options;
mod stop_deadline;
mod stuck;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::regularly::{now, until};
use crate::standstill;
use crate::{Cause, Deadline, Ending, Scope};
pub use event::{StuckPoll, WatchdogEvent};
use heartbeat::{Heartbeat, Pulse};
pub use options::WatchdogOptions;
use stop_deadline::StopDeadline;
use stuck::StuckPolls;

/// Watches the runtime and the tasks of a tree from a separate thread, and reports
///
/// * which task is inside one poll for longer than a limit: it blocks its thread, and no other
///   task can run there ([`WatchdogEvent::StuckPoll`], once for each such poll);
/// * that the runtime as a whole answers no more, and that it is back. It is asked by waking a
///   task, never by a timer inside it, which would stand still with it;
/// * that a stop is overdue, when it was given a deadline: the backstop for a stop that waits for
///   a task which blocks the very runtime that should abort it.
///
/// It decides nothing: logging, and whether to end the process, is up to the receiver of the
/// events. It reads what each thread says it polls, a few words for each thread a few
/// times a second, however many tasks there are. Work inside `block_in_place` looks like a
/// poll that does not return, and is named, too.
///
/// Its thread and its heartbeat live in a scope that it was handed and end with that scope, or
/// when it is dropped. So that it outlives the stop that it watches over, that scope should not
/// be inside the tree that it watches.
///
/// ```
/// use kit_sync::{TaskTree, Watchdog, WatchdogEvent, WatchdogOptions};
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let home = TaskTree::new("watchdog");
/// let app = TaskTree::new("app");
/// let _watchdog = Watchdog::start(
///     home.scope(),
///     app.scope(),
///     WatchdogOptions::default(),
///     |event: &WatchdogEvent| eprintln!("{event}"),
/// )?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a watchdog ends when it is dropped"]
pub struct Watchdog {
    scope: Scope,
    deadline: Arc<StopDeadline>,
}

const SHORTEST: Duration = Duration::from_millis(1);

impl Watchdog {
    /// Starts watching the tasks of `watched` and of the scopes below it, from a thread and a
    /// heartbeat task below `home`. `on_event` is called on that thread and should not block.
    ///
    /// # Errors
    /// When `home` has ended, or the system has no thread to give.
    pub fn start(
        home: &Scope,
        watched: &Scope,
        options: WatchdogOptions,
        mut on_event: impl FnMut(&WatchdogEvent) + Send + 'static,
    ) -> io::Result<Watchdog> {
        let scope = home.child("watchdog");
        let heartbeat = Arc::new(Heartbeat::default());
        let beating = Arc::clone(&heartbeat).run();
        scope.spawn_as("heartbeat", Ending::MayBeDropped, beating);
        let watchdog = Watchdog {
            scope,
            deadline: Arc::default(),
        };
        let mut watch = WatchThread {
            watched: watched.clone(),
            polls: StuckPolls::default(),
            pulse: Pulse::new(heartbeat, options.tick_limit),
            deadline: Arc::clone(&watchdog.deadline),
            options,
            last_look: now(),
        };
        watchdog.scope.spawn_thread("watch", move |token| {
            let interval = watch.options.interval.max(SHORTEST);
            until(token.cancelled_owned(), interval, || {
                watch.look(now(), &mut on_event);
            });
        })?;
        Ok(watchdog)
    }

    /// A stop has begun that must have ended by then: later than
    /// [`overdue_after`](WatchdogOptions::overdue_after) it is [overdue](WatchdogEvent::Overdue).
    /// Replaces an earlier deadline.
    pub fn expect_end_by(&self, deadline: impl Into<Deadline>) {
        self.deadline.set(deadline.into(), now());
    }

    /// Ends what [`expect_end_by`](Self::expect_end_by) began: the stop has ended, or is expected
    /// no more.
    pub fn clear_deadline(&self) {
        self.deadline.clear();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.scope.cancel(Cause::Dropped);
    }
}

struct WatchThread {
    watched: Scope,
    polls: StuckPolls,
    pulse: Pulse,
    deadline: Arc<StopDeadline>,
    options: WatchdogOptions,
    last_look: Instant,
}

impl WatchThread {
    fn look(&mut self, now: Instant, on_event: &mut impl FnMut(&WatchdogEvent)) {
        let passed = now.duration_since(self.last_look);
        self.last_look = now;
        // The process stood still (SIGSTOP, a frozen container), and so did the tasks.
        if let Some(missed) = standstill::missed(passed, self.options.interval) {
            self.forgive(now, missed);
        }
        for stuck in self.polls.look(&self.watched, now, self.options.poll_limit) {
            on_event(&WatchdogEvent::StuckPoll(stuck));
        }
        let polls = || self.polls.of(&self.watched, now);
        if let Some(event) = self.pulse.look(now, polls) {
            on_event(&event);
        }
        if let Some(since) = self.deadline.overdue(now, self.options.overdue_after) {
            on_event(&WatchdogEvent::Overdue {
                since,
                polls: self.polls.of(&self.watched, now),
                tree: self.watched.tree(),
            });
        }
    }

    /// Time in which nothing could run does not count.
    fn forgive(&mut self, now: Instant, missed: Duration) {
        self.polls.forgive(missed);
        self.pulse.forgive(missed);
        self.deadline.forgive(now, missed);
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;
    use crate::TaskTree;

    #[tokio::test]
    async fn a_process_that_stood_still_is_given_the_time_back() {
        let tree = TaskTree::new("app");
        let options = WatchdogOptions::default();
        let begun = now();
        let mut watch = WatchThread {
            watched: tree.scope().clone(),
            polls: StuckPolls::default(),
            pulse: Pulse::new(Arc::default(), options.tick_limit),
            deadline: Arc::default(),
            last_look: begun,
            options,
        };
        watch
            .deadline
            .set(tokio::time::Instant::from_std(begun).into(), begun);
        let mut events = Vec::new();
        let mut look = |after: u64| {
            let now = begun + Duration::from_millis(after);
            watch.look(now, &mut |event: &WatchdogEvent| {
                events.push(event.to_string());
            });
            std::mem::take(&mut events)
        };
        assert!(look(250).is_empty());
        assert!(look(60_000).is_empty(), "it stood still for a minute");
        assert!(look(60_250).is_empty());
        let overdue = look(60_500).join(" ");
        assert!(overdue.contains("overdue by 1.0s"), "{overdue}");
    }
}
