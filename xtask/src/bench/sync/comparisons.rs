//! What is compared with what, and the bars.
//!
//! Unless a name says otherwise, tasks are spawned inside `block_on` on a runtime with two workers.

use super::side::{Program, Side};

/// One row of the table.
pub(super) struct Comparison {
    /// Chosen by `--only`, and the first argument of `bench-sync`.
    pub(super) scenario: &'static str,
    pub(super) what: What,
    pub(super) peer: Side,
    pub(super) ours: Side,
    /// Operations of one measurement.
    pub(super) count: u64,
    /// `None` is reported only.
    pub(super) bar: Option<f64>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum What {
    Time,
    Instructions,
    Memory,
}

impl Comparison {
    pub(super) fn name(&self) -> String {
        let unit = match self.what {
            What::Time => "ns",
            What::Instructions => "instructions",
            What::Memory => "bytes",
        };
        let Self {
            scenario,
            ours,
            peer,
            ..
        } = self;
        format!("{scenario}: {} / {}, {unit}", ours.name, peer.name)
    }

    pub(super) fn needs_go(&self) -> bool {
        self.peer.program == Program::Go
    }
}

const MANY: u64 = 1_000_000;
/// For peers that take ten microseconds a task.
const FEW: u64 = 100_000;

pub(super) const COMPARISONS: &[Comparison] = &[
    time(
        "group-ready",
        side("TaskTracker", &["task-tracker"]),
        side("Group", &["group"]),
        Some(1.10),
    ),
    time(
        "group-ready",
        side("TaskTracker", &["task-tracker", "--from", "task"]),
        side("Group in a task", &["group", "--from", "task"]),
        None,
    ),
    time(
        "group-yield",
        side("TaskTracker", &["task-tracker"]),
        side("Group", &["group"]),
        Some(1.10),
    ),
    time(
        "group-yield",
        side("TaskTracker", &["task-tracker", "--from", "task"]),
        side("Group in a task", &["group", "--from", "task"]),
        None,
    ),
    time(
        "group-waiting",
        side("JoinSet", &["join-set"]),
        side("Group", &["group"]),
        Some(1.25),
    ),
    time(
        "group-waiting",
        side("JoinSet", &["join-set"]),
        side("Group, on its own token", &["group-own-token"]),
        Some(1.25),
    ),
    time(
        "scope-ready",
        side("JoinSet", &["join-set"]),
        side("Scope::spawn", &["spawn"]),
        Some(1.5),
    ),
    time(
        "scope-ready",
        side("JoinSet", &["join-set", "--from", "task"]),
        side("Scope::spawn in a task", &["spawn", "--from", "task"]),
        None,
    ),
    time(
        "scope-ready",
        side("depth 1", &["spawn"]),
        side("Scope::spawn at depth 10", &["spawn", "--depth", "10"]),
        Some(1.1),
    ),
    few(time(
        "scope-ready",
        side(
            "tokio-graceful-shutdown",
            &["graceful-shutdown", "--from", "task"],
        ),
        side("Scope::spawn in a task", &["spawn", "--from", "task"]),
        None,
    )),
    few(time(
        "scope-ready",
        side(
            "tokio-graceful-shutdown",
            &["graceful-shutdown", "--from", "task", "--depth", "5"],
        ),
        side(
            "Scope::spawn in a task at depth 5",
            &["spawn", "--from", "task", "--depth", "5"],
        ),
        None,
    )),
    time(
        "scope-yield",
        side("JoinSet", &["join-set"]),
        side("Scope::spawn", &["spawn"]),
        Some(1.5),
    ),
    time(
        "track-ready",
        side("JoinSet", &["join-set"]),
        side("Scope::track", &["track"]),
        Some(1.2),
    ),
    time(
        "track-ready",
        side("JoinSet", &["join-set", "--from", "task"]),
        side("Scope::track in a task", &["track", "--from", "task"]),
        None,
    ),
    time(
        "track-ready",
        side("depth 1", &["track"]),
        side("Scope::track at depth 10", &["track", "--depth", "10"]),
        Some(1.1),
    ),
    time(
        "track-yield",
        side("JoinSet", &["join-set"]),
        side("Scope::track", &["track"]),
        Some(1.2),
    ),
    few(time(
        "close",
        side("TaskTracker + token", &["task-tracker"]),
        side("TaskTree of named tasks", &["spawn"]),
        Some(2.0),
    )),
    few(time(
        "close",
        side("TaskTracker + token", &["task-tracker"]),
        side("TaskTree of members", &["track"]),
        None,
    )),
    Comparison {
        scenario: "published-load",
        what: What::Instructions,
        peer: side("ArcSwap::load_full", &["arc-swap"]),
        ours: side("Published::load", &["published"]),
        count: 100_000,
        bar: Some(1.10),
    },
    Comparison {
        scenario: "poll",
        what: What::Instructions,
        peer: side("tokio::spawn", &["tokio"]),
        ours: side("Scope::track", &["track"]),
        count: 50_000,
        bar: Some(1.10),
    },
    Comparison {
        scenario: "poll",
        what: What::Instructions,
        peer: side("tokio::spawn", &["tokio"]),
        ours: side("Scope::spawn", &["spawn"]),
        count: 50_000,
        bar: None,
    },
    Comparison {
        scenario: "memory",
        what: What::Memory,
        peer: side("tokio::spawn", &["tokio"]),
        ours: side("Scope::spawn", &["spawn"]),
        count: 400_000,
        bar: Some(256.0),
    },
    Comparison {
        scenario: "memory",
        what: What::Memory,
        peer: side("tokio::spawn", &["tokio"]),
        ours: side("Scope::track", &["track"]),
        count: 400_000,
        bar: Some(48.0),
    },
];

const fn side(name: &'static str, arguments: &'static [&'static str]) -> Side {
    Side {
        name,
        program: Program::Rust,
        arguments,
    }
}

const fn time(scenario: &'static str, peer: Side, ours: Side, bar: Option<f64>) -> Comparison {
    Comparison {
        scenario,
        what: What::Time,
        peer,
        ours,
        count: MANY,
        bar,
    }
}

const fn few(comparison: Comparison) -> Comparison {
    Comparison {
        count: FEW,
        ..comparison
    }
}
