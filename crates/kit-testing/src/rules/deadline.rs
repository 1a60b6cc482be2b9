//! One deadline for the whole stop.

use std::time::Duration;

use super::facts::{ensure, forced_at};
use crate::recording::Recording;
use crate::script::Script;

/// What a stage gets that begins after its deadline.
const LATE: Duration = Duration::from_millis(150);
/// The end of scopes that are no component's: each is cut after this time.
const CUT: Duration = Duration::from_millis(50);
/// How many of those there are.
const SCOPES: u32 = 6;
/// A forced stop.
const FORCED: Duration = Duration::from_millis(500);

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let Some(end) = &recording.end else {
        return Err("the run has not ended within an hour".to_owned());
    };
    let stages = stages(script);
    let late = LATE * stages + CUT * SCOPES;
    let limit = Duration::from_millis(script.options.stop) + late;
    let took = end.report.took;
    ensure(took <= limit, || {
        format!("the stop took {took:?}, which is more than {limit:?}")
    })?;
    let (Some(forced), Some(returned)) = (forced_at(recording), recording.returned()) else {
        return Ok(());
    };
    let (took, limit) = (returned.saturating_sub(forced), FORCED + late);
    ensure(took <= limit, || {
        format!("the forced stop took {took:?}, which is more than {limit:?}")
    })
}

/// The phases, the resources, and the tasks of hooks.
fn stages(script: &Script) -> u32 {
    let servers = script.servers.iter().map(|server| server.phase);
    let workers = script.workers.iter().map(|worker| worker.phase);
    let jobs = script.jobs.iter().map(|job| job.phase);
    let groups = script.groups.iter().map(|group| group.phase);
    let components = servers.chain(workers).chain(groups).chain(jobs);
    let mut phases: Vec<u16> = components.collect();
    phases.sort_unstable();
    phases.dedup();
    u32::try_from(phases.len() + 2).unwrap_or(u32::MAX)
}
