//! Nothing is silent: a failure has an event, and so has a wait while it lasts.

use std::time::Duration;

use kit_app::{Event, Stage};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Seen};
use crate::script::Script;

/// A wait has an event after 2 s. Two of them may follow each other without an event between them.
const FIRST: Duration = Duration::from_secs(2 * 2);
/// And another one after 10 s. The end of a wait may have no event, and another wait begins then.
const AGAIN: Duration = Duration::from_secs(10 + 2);

pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    failures(recording)?;
    waits(recording)
}

/// Each failure of a part has an event, then or later. Checks, jobs and registries have one for a failure that
/// repeats itself.
fn failures(recording: &Recording) -> Result<(), String> {
    for (place, entry) in recording.entries.iter().enumerate() {
        let Seen::Sight(sight) = entry.seen else {
            continue;
        };
        // A task that has nothing to give an error to, and an attempt that was repeated with success.
        let needs_none = match sight.part {
            Part::Server(_) => sight.is(Point::Spawned, Act::Fails),
            Part::Registry(_) => {
                sight.point == Point::Deregister && is_gone_later(recording, place)
            }
            _ => false,
        };
        if !sight.act.is_failure() || needs_none {
            continue;
        }
        let name = sight.part.to_string();
        let repeats = matches!(
            sight.part,
            Part::Check(_) | Part::Registry(_) | Part::Job(_)
        );
        let from = if repeats { 0 } else { place };
        let has_event = recording.entries[from..]
            .iter()
            .any(|entry| match &entry.seen {
                Seen::Event(event) => tells_failure(event) && event.to_string().contains(&name),
                _ => false,
            });
        ensure(has_event || is_late_step(recording, sight.part), || {
            format!("no event tells that {entry}")
        })?;
    }
    Ok(())
}

/// Whether the registry of this entry takes the instance away at a later attempt.
fn is_gone_later(recording: &Recording, place: usize) -> bool {
    let Seen::Sight(failed) = recording.entries[place].seen else {
        return false;
    };
    let mut later = recording.entries[place..].iter();
    later.any(|entry| match entry.seen {
        Seen::Sight(sight) => sight.part == failed.part && sight.is(Point::Deregister, Act::Ends),
        _ => false,
    })
}

/// Whether this is a last step that runs after the last event: only the report can tell its failure, and does.
fn is_late_step(recording: &Recording, part: Part) -> bool {
    let Some(end) = &recording.end else {
        return false;
    };
    let name = part.to_string();
    let mut rows = end.report.last_steps.iter();
    matches!(part, Part::LastStep(_)) && rows.any(|row| row.name == name && row.error.is_some())
}

fn tells_failure(event: &Event) -> bool {
    matches!(
        event,
        Event::Failed { .. }
            | Event::Remark { .. }
            | Event::TaskFailed { .. }
            | Event::WorkerFailed { .. }
            | Event::HookEnded { error: Some(_), .. }
            | Event::ReloadHookEnded { error: Some(_), .. }
            | Event::ResourceClosed { error: Some(_), .. }
            | Event::CheckFailed { .. }
            | Event::RegistrationLost { .. }
            | Event::Deregistered { .. }
    )
}

/// In a start and in a stop no time without an event is longer than 4 s, unless the drain delay lasts, or a
/// wait had an event within the last 12 s.
fn waits(recording: &Recording) -> Result<(), String> {
    let mut last = Duration::ZERO;
    let mut covered = Duration::ZERO;
    let mut runs = false;
    for (at, event) in recording.events() {
        // A timer is right to the millisecond.
        let is_silent = at.saturating_sub(last) > FIRST && at > covered + Duration::from_millis(1);
        ensure(runs || !is_silent, || {
            format!("there was no event between {last:?} and {at:?}: `{event}`")
        })?;
        last = at;
        match event {
            Event::Waiting { .. } => covered = covered.max(at + AGAIN),
            Event::DrainDelay { delay, .. } => covered = covered.max(at + *delay),
            Event::Ready { .. } => runs = true,
            Event::StopAsked { .. }
            | Event::Entered {
                stage: Stage::LameDuck,
            } => runs = false,
            _ => {}
        }
    }
    Ok(())
}
