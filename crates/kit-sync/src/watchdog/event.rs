//! The events of a watchdog.

use std::fmt;
use std::time::Duration;

use crate::TreeSnapshot;

/// Something that a [`Watchdog`](crate::Watchdog) has noticed.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum WatchdogEvent {
    /// A task is inside one poll for longer than the limit. Reported once for each poll.
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
    /// A stop was to have ended before now. Reported once for each deadline.
    Overdue {
        /// Since the deadline.
        since: Duration,
        /// The polls that are going on, of tasks of the tree: the first suspects.
        polls: Vec<StuckPoll>,
        /// Everything that is still alive.
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
    /// Its errand at the last look, if its scope [describes
    /// errands](crate::Scope::describe_errands): of a server's connection the request, such as `GET
    /// /orders/7 from 10.0.0.7:41000, 1.2 s`.
    pub errand: Option<String>,
    /// The thread that it blocks.
    pub thread: Option<String>,
    /// For how long at least: since the watchdog saw it first.
    pub since: Duration,
}

impl fmt::Display for WatchdogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

impl fmt::Display for StuckPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StuckPoll {
            path,
            spawned_at,
            errand,
            thread,
            since,
        } = self;
        let thread = thread.as_deref().unwrap_or("without a name");
        write!(f, "task {path} (spawned at {spawned_at}")?;
        if let Some(errand) = errand {
            write!(f, ", doing {errand}")?;
        }
        write!(
            f,
            ") has been inside one poll for {since:.1?} and blocks thread {thread}"
        )
    }
}

fn list(f: &mut fmt::Formatter<'_>, polls: &[StuckPoll]) -> fmt::Result {
    polls.iter().try_for_each(|poll| write!(f, "\n  {poll}"))
}
