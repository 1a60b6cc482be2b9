//! The pairs that are compared, and the bars.
//!
//! Unless a name says otherwise, tasks are spawned inside `block_on` on a runtime with two workers.
//! Beside the times stand instructions on one thread, which judge nothing: in the midst of noise
//! they tell whether a change was one for the better.

use super::side::{Program, Side};

/// One row of the table.
pub(super) struct Comparison {
    /// Chosen by `--only`, and the first argument of `bench-sync`.
    pub(super) scenario: &'static str,
    pub(super) what: What,
    pub(super) spawner: Spawner,
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

/// Where the code that spawns runs, on both sides.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Spawner {
    BlockOn,
    Task,
    OneThread,
}

/// What a side is called, and the arguments that choose it.
type Named = (&'static str, &'static [&'static str]);

const MANY: u64 = 1_000_000;
/// For what takes microseconds, and for the tree that is closed.
const FEW: u64 = 100_000;
/// Under callgrind, which is fifty times as slow; the tasks of five batches.
const COUNTED: u64 = 50_000;
const RESIDENT: u64 = 400_000;

const TASK_TRACKER: Named = ("TaskTracker", &["task-tracker"]);
const JOIN_SET: Named = ("JoinSet", &["join-set"]);
const TOKIO: Named = ("tokio::spawn", &["tokio"]);
const GROUP: Named = ("Group", &["group"]);
const GROUP_TOKEN: Named = ("Group, on its own token", &["group-own-token"]);
const BOUNDED: Named = ("BoundedGroup", &["bounded"]);
const GO_ERRGROUP: Named = ("Go's errgroup", &["--limit", "64"]);
const SEMAPHORE: Named = ("tokio::spawn + Semaphore", &["semaphore"]);
const SPAWN: Named = ("Scope::spawn", &["spawn"]);
const SPAWN_DEPTH_5: Named = ("Scope::spawn at depth 5", &["spawn", "--depth", "5"]);
const SPAWN_DEPTH_10: Named = ("Scope::spawn at depth 10", &["spawn", "--depth", "10"]);
const TRACK: Named = ("Scope::track", &["track"]);
const TRACK_DEPTH_10: Named = ("Scope::track at depth 10", &["track", "--depth", "10"]);
const GRACEFUL: Named = ("tokio-graceful-shutdown", &["graceful-shutdown"]);
const GRACEFUL_DEPTH_5: Named = (
    "tokio-graceful-shutdown",
    &["graceful-shutdown", "--depth", "5"],
);
const TRACKER_AND_TOKEN: Named = ("TaskTracker + token", &["task-tracker"]);
const TREE_OF_TASKS: Named = ("TaskTree of named tasks", &["spawn"]);
const TREE_OF_MEMBERS: Named = ("TaskTree of members", &["track"]);
const LOAD_FULL: Named = ("ArcSwap::load_full", &["arc-swap"]);
const LOAD: Named = ("Published::load", &["published"]);
const LOAD_GUARD: Named = ("ArcSwap::load", &["arc-swap"]);
const READ: Named = ("Published::read", &["published"]);

pub(super) const COMPARISONS: &[Comparison] = &[
    compare("group-ready", GROUP, TASK_TRACKER).at_most(1.10),
    compare("group-ready", GROUP, TASK_TRACKER).in_a_task(),
    compare("group-ready", GROUP, TASK_TRACKER).on_one_thread(),
    compare("group-yield", GROUP, TASK_TRACKER).at_most(1.10),
    compare("group-yield", GROUP, TASK_TRACKER).in_a_task(),
    compare("group-yield", GROUP, TASK_TRACKER).on_one_thread(),
    compare("group-waiting", GROUP, JOIN_SET).at_most(1.25),
    compare("group-waiting", GROUP_TOKEN, JOIN_SET).at_most(1.25),
    compare("group-waiting", GROUP_TOKEN, JOIN_SET).on_one_thread(),
    compare("bounded-ready", BOUNDED, GO_ERRGROUP)
        .in_go()
        .at_most(0.7),
    compare("bounded-ready", BOUNDED, GO_ERRGROUP)
        .in_go()
        .in_a_task()
        .at_most(0.7),
    compare("bounded-ready", BOUNDED, SEMAPHORE),
    compare("bounded-ready", BOUNDED, SEMAPHORE).on_one_thread(),
    compare("scope-ready", SPAWN, JOIN_SET).at_most(1.5),
    compare("scope-ready", SPAWN, JOIN_SET).in_a_task(),
    compare("scope-ready", SPAWN, JOIN_SET).on_one_thread(),
    compare("scope-ready", SPAWN_DEPTH_10, SPAWN).at_most(1.1),
    compare("scope-ready", SPAWN, GRACEFUL)
        .times(FEW)
        .in_a_task(),
    compare("scope-ready", SPAWN_DEPTH_5, GRACEFUL_DEPTH_5)
        .times(FEW)
        .in_a_task(),
    compare("scope-yield", SPAWN, JOIN_SET).at_most(1.5),
    compare("track-ready", TRACK, JOIN_SET).at_most(1.2),
    compare("track-ready", TRACK, JOIN_SET).in_a_task(),
    compare("track-ready", TRACK, JOIN_SET).on_one_thread(),
    compare("track-ready", TRACK_DEPTH_10, TRACK).at_most(1.1),
    compare("track-yield", TRACK, JOIN_SET).at_most(1.2),
    compare("track-yield", TRACK, TASK_TRACKER),
    compare("close", TREE_OF_TASKS, TRACKER_AND_TOKEN)
        .times(FEW)
        .at_most(2.0),
    compare("close", TREE_OF_MEMBERS, TRACKER_AND_TOKEN).times(FEW),
    compare("published-load", LOAD, LOAD_FULL)
        .counted()
        .at_most(1.10),
    compare("published-read", READ, LOAD_GUARD)
        .counted()
        .at_most(1.10),
    compare("poll", TRACK, TOKIO).counted().at_most(1.10),
    compare("poll", SPAWN, TOKIO).counted(),
    compare("memory", SPAWN, TOKIO).resident().at_most(256.0),
    compare("memory", TRACK, TOKIO).resident().at_most(48.0),
];

const fn compare(scenario: &'static str, ours: Named, peer: Named) -> Comparison {
    Comparison {
        scenario,
        what: What::Time,
        spawner: Spawner::BlockOn,
        peer: Side::new(peer.0, Program::Rust, peer.1),
        ours: Side::new(ours.0, Program::Rust, ours.1),
        count: MANY,
        bar: None,
    }
}

impl Comparison {
    const fn at_most(mut self, bar: f64) -> Self {
        self.bar = Some(bar);
        self
    }

    const fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    const fn in_a_task(mut self) -> Self {
        self.spawner = Spawner::Task;
        self
    }

    /// Where the peer is a program in Go.
    const fn in_go(mut self) -> Self {
        self.peer.program = Program::Go;
        self
    }

    const fn on_one_thread(mut self) -> Self {
        self.spawner = Spawner::OneThread;
        self.counted()
    }

    const fn counted(mut self) -> Self {
        self.what = What::Instructions;
        self.times(COUNTED)
    }

    const fn resident(mut self) -> Self {
        self.what = What::Memory;
        self.times(RESIDENT)
    }

    pub(super) fn name(&self) -> String {
        let (scenario, ours, peer) = (self.scenario, self.ours.name, self.peer.name);
        let place = match self.spawner {
            Spawner::BlockOn => "",
            Spawner::Task => ", in a task",
            Spawner::OneThread => ", on one thread",
        };
        let unit = match self.what {
            What::Time => "ns",
            What::Instructions => "instructions",
            What::Memory => "bytes",
        };
        format!("{scenario}: {ours} / {peer}{place}, {unit}")
    }

    pub(super) fn needs_go(&self) -> bool {
        self.peer.program == Program::Go
    }
}
