//! A thread outside the runtime that says who blocks it.

mod heartbeat;
mod stuck;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::sync::{Mutex, lock};
use crate::{Cause, Ending, Scope, TreeSnapshot};
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
/// times a second, however many tasks there are.
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
    deadline: Arc<Mutex<Deadline>>,
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
    /// How often it looks. Default: 250 ms. Everything is noticed late by as much, at most.
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

/// What a [`Watchdog`] has noticed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum WatchdogEvent {
    /// A task is inside one poll for longer than the limit. Told once for each poll.
    StuckPoll(StuckPoll),
    /// The runtime has not polled a task that was woken this long ago.
    RuntimeSilent {
        /// Since the task was woken.
        since: Duration,
        /// The polls that are going on, of tasks of the tree.
        polls: Vec<StuckPoll>,
    },
    /// It answers again.
    RuntimeBack {
        /// How long it did not.
        after: Duration,
    },
    /// A stop was to have ended before now. Told once for each deadline.
    Overdue {
        /// Since the deadline.
        since: Duration,
        /// The polls that are going on, of tasks of the tree: the first suspects.
        polls: Vec<StuckPoll>,
        /// What is still alive.
        tree: TreeSnapshot,
    },
}

/// A poll that does not return.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StuckPoll {
    /// The names of its scopes and its own; `(unnamed)` for a member.
    pub path: String,
    /// Where the task was spawned: `file:line:column`.
    pub spawned_at: String,
    /// The thread that it blocks.
    pub thread: Option<String>,
    /// For how long at least: since the watchdog saw it first.
    pub since: Duration,
}

#[derive(Debug, Default)]
struct Deadline {
    at: Option<Instant>,
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
        let deadline = Arc::new(Mutex::new(Deadline::default()));
        let mut watch = Watch {
            watched: watched.clone(),
            polls: StuckPolls::default(),
            pulse: heartbeat::Pulse::new(heartbeat, options.tick_limit),
            deadline: Arc::clone(&deadline),
            options,
        };
        scope.spawn_thread("watch", move |token| {
            let interval = watch.options.interval;
            until(token.cancelled_owned(), interval, || {
                watch.look(&mut on_event);
            });
        })?;
        Ok(Watchdog { scope, deadline })
    }

    /// A stop has begun that must have ended by then: later than
    /// [`overdue_after`](WatchdogOptions::overdue_after) it is [overdue](WatchdogEvent::Overdue).
    /// Replaces an earlier deadline.
    pub fn expect_end_by(&self, deadline: tokio::time::Instant) {
        *lock(&self.deadline) = Deadline {
            at: Some(deadline.into_std()),
            told: false,
        };
    }

    /// The stop has ended.
    pub fn has_ended(&self) {
        *lock(&self.deadline) = Deadline::default();
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
    deadline: Arc<Mutex<Deadline>>,
    options: WatchdogOptions,
}

impl Watch {
    fn look(&mut self, tell: &mut impl FnMut(&WatchdogEvent)) {
        let now = now();
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

    fn overdue(&self, now: Instant) -> Option<Duration> {
        let mut deadline = lock(&self.deadline);
        let since = now.checked_duration_since(deadline.at?)?;
        if deadline.told || since < self.options.overdue_after {
            return None;
        }
        deadline.told = true;
        Some(since)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a watchdog goes by the system's clock: the runtime's may stand still"
)]
fn now() -> Instant {
    Instant::now()
}

/// Calls `look` once in each interval, on this thread, until `told` is ready.
fn until(told: impl Future<Output = ()>, interval: Duration, mut look: impl FnMut()) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut told = pin!(told);
    while told.as_mut().poll(&mut context).is_pending() {
        look();
        thread::park_timeout(interval);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

impl std::fmt::Display for WatchdogEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WatchdogEvent::StuckPoll(stuck) => stuck.fmt(f),
            WatchdogEvent::RuntimeSilent { since, polls } => {
                write!(f, "the runtime has polled nothing for {since:.1?}")?;
                list(f, polls)
            }
            WatchdogEvent::RuntimeBack { after } => {
                write!(f, "the runtime is back after {after:.1?}")
            }
            WatchdogEvent::Overdue { since, polls, tree } => {
                write!(f, "the stop is overdue by {since:.1?}")?;
                list(f, polls)?;
                write!(f, "\n{tree}")
            }
        }
    }
}

impl std::fmt::Display for StuckPoll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let StuckPoll {
            path,
            spawned_at,
            thread,
            since,
        } = self;
        let thread = thread.as_deref().unwrap_or("without a name");
        write!(
            f,
            "task {path} (spawned at {spawned_at}) has been inside one poll for {since:.1?} and \
             blocks thread {thread}"
        )
    }
}

fn list(f: &mut std::fmt::Formatter<'_>, polls: &[StuckPoll]) -> std::fmt::Result {
    polls.iter().try_for_each(|poll| write!(f, "\n  {poll}"))
}
