//! No stage of a stop uses up the time of those after it.

use std::time::Duration;

use kit_app::{Event, HookStage};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording};
use crate::script::{Call, Life, Script};

/// Looks at parts that need less than the reserve in their stage of the stop, an equal share of it where several
/// parts share the stage. None of them may be cut.
pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    if recording.is_forced() {
        return Ok(());
    }
    let reserve = reserve(recording);
    let fits = |millis: u64, among: usize| {
        let among = u32::try_from(among).unwrap_or(u32::MAX);
        Duration::from_millis(millis) < reserve / among.max(1)
    };
    let after: Vec<_> = hooks(script, HookStage::AfterStop).collect();
    for (index, call) in &after {
        if let Call::Succeeds(millis) = *call
            && fits(millis, after.len())
        {
            ensure_whole(
                recording,
                Part::Hook(HookStage::AfterStop, *index),
                Point::Call,
            )?;
        }
    }
    for (index, resource) in script.resources.iter().enumerate() {
        if let Call::Succeeds(millis) = resource.close
            && fits(millis, script.resources.len() + 1)
        {
            ensure_whole(recording, Part::Resource(index), Point::Close)?;
        }
    }
    for (index, server) in script.servers.iter().enumerate() {
        if let Life::Drains(millis) = server.life
            && fits(millis, 1)
        {
            ensure_whole(recording, Part::Server(index), Point::Serve)?;
        }
    }
    Ok(())
}

fn hooks(script: &Script, stage: HookStage) -> impl Iterator<Item = (usize, Call)> {
    let hooks = script.hooks.iter().enumerate();
    let of_stage = hooks.filter(move |(_, hook)| hook.stage == stage);
    of_stage.map(|(index, hook)| (index, hook.call))
}

/// That of every stage, as the app has printed it at its start.
fn reserve(recording: &Recording) -> Duration {
    let mut events = recording.events();
    let planned = events.find_map(|(_, event)| match event {
        Event::Planned { worst_case, .. } => Some(worst_case.reserve),
        _ => None,
    });
    planned.unwrap_or_default()
}

/// Fails when this was cut.
fn ensure_whole(recording: &Recording, part: Part, point: Point) -> Result<(), String> {
    let mut sights = recording.sights();
    let cut = sights.find(|(_, sight)| sight.part == part && sight.is(point, Act::IsCut));
    ensure(cut.is_none(), || {
        format!("{part} {point:?} was cut, although it needs less than its reserve")
    })
}
