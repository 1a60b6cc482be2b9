//! The table of failures (`tests/lifecycle/table`) has a row for every hook, kind of work and wait of an app: a new
//! variant of one of these enums does not compile here before it has one.

#[path = "../tests/lifecycle/table/point.rs"]
#[expect(dead_code, reason = "the table itself is a test of the crate's users")]
mod point;

use point::Point;

use crate::{Awaited, HookStage, WorkerKind};

fn row_of_hook(stage: HookStage) -> Point {
    match stage {
        HookStage::BeforeStart => Point::BeforeStart,
        HookStage::AfterStart => Point::AfterStart,
        HookStage::BeforeStop => Point::BeforeStop,
        HookStage::AfterStop => Point::AfterStop,
    }
}

fn rows_of_work(kind: WorkerKind) -> [Point; 3] {
    match kind {
        WorkerKind::Worker => [Point::WorkerBegins, Point::WorkerRuns, Point::WorkerDrains],
        WorkerKind::Job => [Point::JobBegins, Point::JobRuns, Point::JobDrains],
    }
}

fn row_of_wait(awaited: &Awaited) -> Point {
    match awaited {
        Awaited::Hook { stage, .. } => row_of_hook(*stage),
        Awaited::Reload { .. } => Point::Reload,
        Awaited::LastStep { .. } => Point::LastStep,
        Awaited::Open { .. } => Point::Open,
        Awaited::Close { .. } => Point::Close,
        Awaited::Starts { .. } => Point::LaterServerStarts,
        Awaited::Jobs { .. } => Point::AwaitedJob,
        Awaited::Latches { .. } => Point::Latch,
        Awaited::Checks { .. } => Point::FirstCheck,
        Awaited::Registration { .. } => Point::Registration,
        Awaited::Deregistration { .. } => Point::Deregistration,
        Awaited::Drain { .. } => Point::ServerDrains,
        Awaited::Restart { .. } => Point::WorkerRuns,
        Awaited::HookTasks { .. } => Point::HookTask,
    }
}

#[test]
fn every_hook_every_kind_of_work_and_every_wait_has_its_row() {
    for stage in [
        HookStage::BeforeStart,
        HookStage::AfterStart,
        HookStage::BeforeStop,
        HookStage::AfterStop,
    ] {
        let [row, _] = row_of_hook(stage).names();
        assert_eq!(row, format!("{stage} hook"));
    }
    for kind in [WorkerKind::Worker, WorkerKind::Job] {
        for row in rows_of_work(kind) {
            let [row, _] = row.names();
            assert!(row.starts_with(&format!("{kind} ")), "{row}");
        }
    }
    let registry = || "store".to_owned();
    let [row, name] = row_of_wait(&Awaited::Registration {
        registry: registry(),
    })
    .names();
    assert_eq!((row, name), ("registration", "store"));
}
