//! A thread outside the runtime that says who blocks it.

mod event;
mod heartbeat;
mod stuck;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::regularly::{now, until};
use crate::standstill;
use crate::sync::{Mutex, lock};
use crate::{Cause, Deadline, Ending, Scope};
pub use event::{StuckPoll, WatchdogEvent};
use heartbeat::Heartbeat;
use stuck::StuckPolls;

/// Watches the runtime and the tasks of a tree from a thread of its own, and says
///
/// * which task is inside one poll for longer than a limit: it blocks its thread, and no other
///   task can run there ([`WatchdogEvent::StuckPoll`], once for each such poll);
/// * that the runtime as a whole answers no more, and that it is back. It is asked by waking a
///   task, never by a timer inside it, which would stand still with it;
/// * that a stop is overdue, when it was told a deadline: the backstop for a stop that waits for
///   a task which blocks the very runtime that should abort it.
///
/// It tells and decides nothing: what to log, and whether to end the process, is up to whoever
/// takes the events. It reads what each thread says it polls, a few words for each thread a few
/// times a second, however many tasks there are. What goes on inside `block_in_place` looks like a
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
    deadline: Arc<Mutex<Expected>>,
}

/// The limits of a [`Watchdog`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct WatchdogOptions {
    /// How long one poll may take before it is named. Default: 1 s. A poll should take less than
    /// a millisecond; one of a second has delayed everything else on its thread by that much.
    pub poll_limit: Duration,
    /// How long the runtime may leave a woken task unpolled. Default: 5 s.
    pub tick_limit: Duration,
    /// How long after its deadline a stop is overdue. Default: 1 s.
    pub overdue_after: Duration,
    /// How often it looks. Default: 250 ms; less than 1 ms counts as that. Everything is noticed
    /// late by twice as much, at most.
    pub interval: Duration,
}

impl Default for WatchdogOptions {
    fn default() -> WatchdogOptions {
        WatchdogOptions {
            poll_limit: Duration::from_secs(1),
            tick_limit: Duration::from_secs(5),
            overdue_after: Duration::from_secs(1),
            interval: Duration::from_millis(250),
        }
    }
}

const SHORTEST: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
struct Expected {
    at: Option<Deadline>,
    /// When it was given.
    given: Option<Instant>,
    told: bool,
}

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
        let mut watch = Watch {
            watched: watched.clone(),
            polls: StuckPolls::default(),
            pulse: heartbeat::Pulse::new(heartbeat, options.tick_limit),
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
        *lock(&self.deadline) = Expected {
            at: Some(deadline.into()),
            given: Some(now()),
            told: false,
        };
    }

    /// The stop has ended.
    pub fn has_ended(&self) {
        *lock(&self.deadline) = Expected::default();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.scope.cancel(Cause::Dropped);
    }
}

struct Watch {
    watched: Scope,
    polls: StuckPolls,
    pulse: heartbeat::Pulse,
    deadline: Arc<Mutex<Expected>>,
    options: WatchdogOptions,
    last_look: Instant,
}

impl Watch {
    fn look(&mut self, now: Instant, tell: &mut impl FnMut(&WatchdogEvent)) {
        let passed = now.duration_since(self.last_look);
        self.last_look = now;
        // The process stood still (SIGSTOP, a frozen container), and so did what is watched.
        if let Some(missed) = standstill::missed(passed, self.options.interval) {
            self.forgive(now, missed);
        }
        for stuck in self.polls.look(&self.watched, now, self.options.poll_limit) {
            tell(&WatchdogEvent::StuckPoll(stuck));
        }
        let polls = || self.polls.of(&self.watched, now);
        if let Some(event) = self.pulse.look(now, polls) {
            tell(&event);
        }
        if let Some(since) = self.overdue(now) {
            tell(&WatchdogEvent::Overdue {
                since,
                polls: self.polls.of(&self.watched, now),
                tree: self.watched.tree(),
            });
        }
    }

    fn forgive(&mut self, now: Instant, missed: Duration) {
        self.polls.forgive(missed);
        self.pulse.forgive(missed);
        let mut deadline = lock(&self.deadline);
        // One that was given since then knows of it.
        let known = deadline.given.map(|given| now.duration_since(given));
        let missed = missed.min(known.unwrap_or_default());
        // One that is watched moves by itself.
        let fixed = deadline.at.as_ref().filter(|at| !at.is_watched());
        if let Some(moved) = fixed.map(|at| at.instant() + missed) {
            deadline.at = Some(moved.into());
        }
    }

    fn overdue(&self, now: Instant) -> Option<Duration> {
        let mut deadline = lock(&self.deadline);
        let at = deadline.at.as_ref()?;
        // Asked first: when the thread that sees standstills looks in between, the deadline that is
        // read after it has moved already.
        if deadline.told || at.is_behind() {
            return None;
        }
        let since = now.checked_duration_since(at.instant().into_std())?;
        if since < self.options.overdue_after {
            return None;
        }
        deadline.told = true;
        Some(since)
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
        let deadline = Expected {
            at: Some(tokio::time::Instant::from_std(begun).into()),
            given: Some(begun),
            told: false,
        };
        let mut watch = Watch {
            watched: tree.scope().clone(),
            polls: StuckPolls::default(),
            pulse: heartbeat::Pulse::new(Arc::default(), options.tick_limit),
            deadline: Arc::new(Mutex::new(deadline)),
            last_look: begun,
            options,
        };
        let mut told = Vec::new();
        let mut look = |after: u64| {
            let now = begun + Duration::from_millis(after);
            watch.look(now, &mut |event: &WatchdogEvent| {
                told.push(event.to_string());
            });
            std::mem::take(&mut told)
        };
        assert!(look(250).is_empty());
        assert!(look(60_000).is_empty(), "it stood still for a minute");
        assert!(look(60_250).is_empty());
        let overdue = look(60_500).join(" ");
        assert!(overdue.contains("overdue by 1.0s"), "{overdue}");
    }

    #[tokio::test]
    async fn a_deadline_that_was_given_after_a_standstill_is_not_moved() {
        let tree = TaskTree::new("app");
        let options = WatchdogOptions::default();
        let begun = now();
        let mut watch = Watch {
            watched: tree.scope().clone(),
            polls: StuckPolls::default(),
            pulse: heartbeat::Pulse::new(Arc::default(), options.tick_limit),
            deadline: Arc::default(),
            last_look: begun,
            options,
        };
        // Continued after an hour; the signal that was pending is read first.
        let continued = begun + Duration::from_secs(3600);
        let deadline = continued + Duration::from_secs(20);
        let deadline = Some(Deadline::from(tokio::time::Instant::from_std(deadline)));
        *lock(&watch.deadline) = Expected {
            at: deadline.clone(),
            given: Some(continued),
            told: false,
        };
        watch.look(continued, &mut |_: &WatchdogEvent| ());
        assert_eq!(lock(&watch.deadline).at, deadline);
    }
}
