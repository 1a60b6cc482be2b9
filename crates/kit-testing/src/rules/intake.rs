//! A worker that respects its intake takes nothing after it closed, and what it took is finished or named.

use kit_app::{Event, Stage};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Seen};
use crate::script::Script;

pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    let (mut stops, mut is_drained) = (false, false);
    for entry in &recording.entries {
        match &entry.seen {
            Seen::Event(Event::Entered {
                stage: Stage::LameDuck,
            }) => stops = true,
            Seen::Event(Event::DrainBegan { .. }) => is_drained = true,
            Seen::Event(Event::DrainEnded) => is_drained = false,
            Seen::Sight(sight) if sight.is(Point::Item, Act::Begins) => {
                ensure(!stops && !is_drained, || {
                    format!("taken while the intake is closed: {entry}")
                })?;
            }
            Seen::Sight(sight) if sight.is(Point::Item, Act::IsCut) => {
                ensure(is_named(recording, sight.part), || {
                    format!("dropped, and the worker is not named: {entry}")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a failure of the worker, a remark, or the report has its name.
fn is_named(recording: &Recording, part: Part) -> bool {
    let name = part.to_string();
    let mut events = recording.events();
    let has_event = events.any(|(_, event)| match event {
        Event::WorkerFailed { path, .. } => path.ends_with(&format!("/{name}")),
        Event::Remark { what } => what.contains(&name),
        _ => false,
    });
    let report = recording.end.as_ref().map(|end| &end.report);
    has_event
        || report.is_some_and(|report| report.failures.iter().any(|line| line.contains(&name)))
}
