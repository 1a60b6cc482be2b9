//! Resources are opened before the components start, and closed when these have drained.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, Deadline, Gate, Scope, TaskError, error_chain};
use kit_transport::{Context, Lifecycle, Stage};
use tokio::time::Instant;

use super::Parts;
use super::called_off::CalledOff;
use crate::budget::{Budget, CUT_AHEAD, FORCED_CLOSE};
use crate::core::remarks_of;
use crate::resource::{EndOfOpen, Opening, Resource};

/// Opens the resources one after the other, in the order in which they were given. One that has not
/// ended when a stop is asked for, or at its limit, is cancelled, and goes on beside the stop.
pub(super) async fn open(
    parts: &mut Parts,
    gate: &Gate,
    lifecycle: Lifecycle,
) -> Result<(), CalledOff> {
    let core = Arc::clone(parts.core());
    parts.resources.set_lifecycle(|life| *life = lifecycle);
    while let Some(resource) = parts.resources.take_next() {
        if core.control.is_asked() {
            return Err(CalledOff::StopAsked);
        }
        let mut opening = call(parts, gate, resource);
        let limit = opening.limits.open;
        let limit = limit.unwrap_or(parts.settings.start_timeout);
        core.set_step_end(Instant::now() + limit);
        let awaited = opening.awaited();
        let ended = core.journal.awaits(|| awaited.clone(), async {
            tokio::select! {
                biased;
                ended = &mut opening.task => Ok(ended),
                asked = core.control.asked() => Err(Some(asked.cause)),
                () = tokio::time::sleep(limit) => Err(None),
            }
        });
        match ended.await {
            Ok(ended) => match opening.end(ended, &core, &mut parts.resources.values) {
                EndOfOpen::Opened(opened) => parts.resources.add(opened),
                EndOfOpen::Unopened(error, unopened) => {
                    parts.resources.unopened = Some(unopened);
                    return Err(CalledOff::by(error, &parts.settings, &core));
                }
            },
            Err(stop) => {
                let error = stop.is_none().then(|| opening.timed_out(limit));
                opening.cancel(stop.unwrap_or(Cause::Deadline));
                parts.resources.interrupted = Some(opening);
                return Err(error.map_or(CalledOff::StopAsked, CalledOff::from));
            }
        }
    }
    Ok(())
}

fn call(parts: &Parts, gate: &Gate, resource: Resource) -> Opening {
    let (core, settings) = (parts.core(), &parts.settings);
    let remarks = remarks_of(core, &resource.name);
    let context = |scope: Scope| {
        Context::new(scope, parts.resources.lifecycle())
            .with_remarks(remarks)
            .with_intake(core.intake.intake())
            .with(gate.clone(), settings.extensions.clone())
            .with_app_values(parts.resources.values.clone())
            .with_inherited(settings.environment().inherited().clone())
    };
    Opening::call(resource, core, parts.tree.scope(), context)
}

/// Closes the resources in the reverse order; each has an equal share of the time that is left for
/// them. One that was still opening comes first, and has all but their reserves: its value is closed when
/// it has one. One that could not be opened has a share all the same, for the tasks that its `open` has
/// spawned.
pub(super) async fn close(parts: &mut Parts, cause: &Cause, budget: &Budget) {
    if parts.resources.open() == 0 {
        return;
    }
    let core = Arc::clone(parts.core());
    budget.deadline().catch_up().await;
    let deadline = budget.phase_from_now(0);
    parts.resources.set_lifecycle(|life| {
        life.stage = Stage::Draining;
        life.deadline = Some(deadline.earlier_by(CUT_AHEAD));
    });
    finish_interrupted(parts, budget).await;
    if let Some(unopened) = parts.resources.unopened.take() {
        deadline.catch_up().await;
        let share = share(&deadline, parts.resources.open() + 1);
        let grace = forced_grace(core.control.since_forced());
        let report = unopened.close(&core, &share, grace).await;
        core.journal.record_resource(report);
    }
    while let Some(opened) = parts.resources.take_last() {
        let left = parts.resources.open() + 1;
        deadline.catch_up().await;
        let share = share(&deadline, left);
        let (values, cause) = (&mut parts.resources.values, cause.clone());
        // Forced long ago, it still gets its first poll and a little more.
        let grace = forced_grace(core.control.since_forced());
        let report = opened.close(&core, values, cause, &share, grace);
        core.journal.record_resource(report.await);
    }
}

/// An equal share of the time that is left. When those before have used it up, a close still gets its first poll
/// and a little more.
fn share(deadline: &Deadline, left: usize) -> Deadline {
    let deadline = deadline.clone().later(deadline.after(CUT_AHEAD));
    deadline.first_of(u32::try_from(left).unwrap_or(u32::MAX))
}

fn forced_grace(since: Duration) -> Duration {
    FORCED_CLOSE.max(since + CUT_AHEAD)
}

/// Waits for a resource that was opening when the stop began. Its error is a consequence of the
/// stop; a panic, or having to be dropped, is a failure.
async fn finish_interrupted(parts: &mut Parts, budget: &Budget) {
    // Its value is closed, too, when it has one.
    let closes = parts.resources.open();
    let Some(mut opening) = parts.resources.interrupted.take() else {
        return;
    };
    let core = Arc::clone(parts.core());
    let deadline = budget.interrupted_open(closes);
    let (awaited, begun) = (opening.awaited(), opening.begun);
    let paused = core.control.request_so_far().map(|asked| asked.at);
    let ended = core
        .control
        .within(&deadline, Duration::ZERO, &mut opening.task);
    let Some(ended) = core
        .journal
        .awaits_again(begun, paused, || awaited.clone(), ended)
        .await
    else {
        let (error, unopened) = opening.abort().await;
        core.journal.record_failure(error);
        parts.resources.unopened = Some(unopened);
        return;
    };
    let panicked = matches!(ended, Err(TaskError::Panicked { .. }));
    match opening.end(ended, &core, &mut parts.resources.values) {
        EndOfOpen::Opened(opened) => parts.resources.add(opened),
        EndOfOpen::Unopened(error, unopened) => {
            parts.resources.unopened = Some(unopened);
            if panicked {
                core.journal.record_failure(error);
            } else {
                core.journal.remark(error_chain(&error));
            }
        }
    }
}
