//! The tasks of a tree at one moment: for people, for pages, for a watchdog.

mod display;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use super::ending::{Ending, Kind};
use super::node::Node;
use super::sites::place;
use super::task_state::TaskState;
use crate::{Cause, polling};

/// How many named tasks of one scope are listed; the rest is counted.
const TASKS: usize = 16;
/// How many scopes below one scope are listed.
const SCOPES: usize = 32;
/// How many scopes are listed in all, and how deep.
const ALL_SCOPES: usize = 256;
const DEPTH: usize = 16;
/// How many members of one place have their ages listed.
const OLDEST: usize = 3;

/// A scope and everything below it at one moment; from [`Scope::tree`](super::Scope::tree).
///
/// It is bounded, whatever the tree holds: of many named tasks it lists those that are inside a
/// poll and then the oldest, of unnamed members the oldest few of each place that spawns them,
/// and it counts the rest. `Display` is an indented tree of at most 80 columns. Different parts
/// are looked at one after the other while the tree lives on, so numbers may differ by tasks that
/// came or went meanwhile.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TreeSnapshot {
    /// The scope's own name.
    pub name: String,
    /// Whether it is open, was cancelled, or has ended.
    pub state: ScopeState,
    /// Why it was cancelled.
    pub cause: Option<Cause>,
    /// Named tasks.
    pub tasks: Vec<TaskSnapshot>,
    /// How many named tasks there are beside those.
    pub more_tasks: usize,
    /// Unnamed members that wait for something, by the place that spawned them.
    pub members: Vec<MembersSnapshot>,
    /// Unnamed members that have not been waiting yet: inside their first poll, or before it.
    pub fresh_members: usize,
    /// [Holds](crate::Hold).
    pub holds: usize,
    /// The scopes below that are not over and done with.
    pub scopes: Vec<TreeSnapshot>,
    /// How many scopes there are beside those.
    pub more_scopes: usize,
}

/// The state of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ScopeState {
    /// It was not cancelled.
    Open,
    /// It was cancelled; its tasks may still start others.
    Cancelled,
    /// It was cancelled and is empty, or its deadline has passed: nothing enters it any more.
    Ended,
}

/// A named task.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TaskSnapshot {
    /// Its own name.
    pub name: String,
    /// The kind of thing that it runs on.
    pub kind: Kind,
    /// How it said that it will end.
    pub ending: Ending,
    /// Where it was spawned: `file:line:column`.
    pub spawned_at: String,
    /// Since its spawn.
    pub age: Duration,
    /// How often it was polled; 0 for blocking work and threads.
    pub polls: u64,
    /// Whether it is being polled now. A task that is so for long blocks its thread.
    pub polling: bool,
}

/// Unnamed members that one place has spawned, and that wait for something.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MembersSnapshot {
    /// Where they were spawned: `file:line:column`.
    pub spawned_at: String,
    /// How many there are.
    pub count: usize,
    /// How long the oldest few have been there, in steps of a hundredth of a second.
    pub oldest: Vec<Duration>,
    /// How many members of this place are being polled now.
    pub polling: usize,
}

impl TreeSnapshot {
    pub(super) fn of(node: &Node) -> TreeSnapshot {
        let polls: Vec<_> = polling::all()
            .into_iter()
            .map(|poll| poll.polling)
            .collect();
        let mut room = ALL_SCOPES;
        TreeSnapshot::with(node, &polls, DEPTH, &mut room)
    }

    /// Takes the census of the node and of the scopes below it, down to `depth`; `room` is the
    /// number of scopes that may still be listed in the whole snapshot. A scope below that has
    /// ended and is empty is left out and takes no room, others beyond the limits are counted. Of
    /// the named tasks those inside a poll come first, then the oldest; the rest is counted.
    fn with(
        node: &Node,
        polls: &[polling::Polling],
        depth: usize,
        room: &mut usize,
    ) -> TreeSnapshot {
        let alone = node.census();
        let mut scopes = Vec::new();
        let mut more_scopes = 0;
        for scope in &alone.children {
            if depth == 0 || *room == 0 || scopes.len() == SCOPES {
                more_scopes += usize::from(!scope.life.is_ended());
                continue;
            }
            let scope = TreeSnapshot::with(scope, polls, depth - 1, room);
            if scope.state != ScopeState::Ended || !scope.is_empty() {
                *room = room.saturating_sub(1);
                scopes.push(scope);
            }
        }

        let mut tasks: Vec<_> = alone
            .tasks
            .iter()
            .map(|task| TaskSnapshot::of(task))
            .collect();
        tasks.sort_by_key(|task| Reverse((task.polling, task.age)));
        let more_tasks = tasks.len().saturating_sub(TASKS);
        tasks.truncate(TASKS);

        let waiting = node.members.ages(node.shared.now());
        let fresh_members = alone.members.saturating_sub(waiting.len());
        TreeSnapshot {
            name: node.name().to_owned(),
            state: state(node),
            cause: node.life.token.cause(),
            tasks,
            more_tasks,
            members: MembersSnapshot::of(node, waiting, polls),
            fresh_members,
            holds: alone.holds,
            scopes,
            more_scopes,
        }
    }

    /// Whether nothing is alive in it, nor in the scopes below.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
            && self.members.is_empty()
            && self.fresh_members == 0
            && self.holds == 0
            && self.more_scopes == 0
            && self.scopes.iter().all(TreeSnapshot::is_empty)
    }
}

impl TaskSnapshot {
    fn of(task: &TaskState) -> TaskSnapshot {
        let (polls, polling) = task.polls();
        TaskSnapshot {
            name: task.name.to_string(),
            kind: task.kind,
            ending: task.ending.clone(),
            spawned_at: place(task.location),
            age: task.spawned.elapsed(),
            polls: if task.kind == Kind::Future { polls } else { 0 },
            polling: polling && task.kind == Kind::Future,
        }
    }
}

impl MembersSnapshot {
    fn of(
        node: &Node,
        waiting: Vec<(u16, Duration)>,
        polls: &[polling::Polling],
    ) -> Vec<MembersSnapshot> {
        let mut places: BTreeMap<u16, Vec<Duration>> = BTreeMap::new();
        for (site, age) in waiting {
            places.entry(site).or_default().push(age);
        }
        let members = places.into_iter().map(|(site, mut ages)| {
            ages.sort_unstable_by(|one, other| other.cmp(one));
            let count = ages.len();
            ages.truncate(OLDEST);
            let here = |poll: &&polling::Polling| poll.is_member(node.id, site);
            MembersSnapshot {
                spawned_at: node.place(site),
                count,
                oldest: ages,
                polling: polls.iter().filter(here).count(),
            }
        });
        members.collect()
    }
}

fn state(node: &Node) -> ScopeState {
    if node.life.is_ended() {
        ScopeState::Ended
    } else if node.life.is_cancelled() {
        ScopeState::Cancelled
    } else {
        ScopeState::Open
    }
}
