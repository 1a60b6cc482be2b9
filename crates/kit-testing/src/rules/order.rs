//! Events come in the order of the sequences of the book.

use kit_app::{Event, HookStage, Stage};

use super::facts::ensure;
use crate::recording::{Part, Recording, Seen, Step};
use crate::script::Script;

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut last = (0, None);
    for (_, event) in recording.events() {
        let Some(rank) = rank(event, recording) else {
            continue;
        };
        ensure(rank >= last.0, || {
            let before = last.1.map_or_else(String::new, Event::to_string);
            format!("`{event}` comes after `{before}`")
        })?;
        last = (rank, Some(event));
    }
    once(recording)?;
    registered(script, recording)
}

/// The place of an event in the sequences; none for those that come between any two others.
///
/// A step that has begun in a start that is called off ends behind the request, so ends of the start have no place.
fn rank(event: &Event, recording: &Recording) -> Option<u8> {
    Some(match event {
        Event::Entered { stage } => match stage {
            Stage::Starting => 1,
            Stage::Running => 6,
            Stage::LameDuck => 11,
            Stage::Draining => 15,
            Stage::Stopped => 19,
            _ => return None,
        },
        Event::Planned { .. } => 2,
        Event::HookStarting { stage, .. } => match stage {
            HookStage::BeforeStart => 3,
            HookStage::AfterStart => 8,
            _ => return rank_in_stop(*stage),
        },
        Event::HookEnded { stage, .. } => return rank_in_stop(*stage),
        Event::ResourceOpening { .. } => 4,
        Event::ComponentStarting { .. } => 5,
        Event::Ready { .. } => 9,
        Event::StopAsked { .. } => 10,
        Event::Deregistered { .. } if is_plain(recording) => 13,
        Event::DrainDelay { .. } => 14,
        Event::ComponentStopping { .. } | Event::ComponentStopped { .. } => 16,
        Event::ResourceClosing { .. } | Event::ResourceClosed { .. } => 17,
        Event::Stopped { .. } => 20,
        _ => return None,
    })
}

fn rank_in_stop(stage: HookStage) -> Option<u8> {
    match stage {
        HookStage::BeforeStop => Some(12),
        HookStage::AfterStop => Some(18),
        _ => None,
    }
}

/// A failure lets the deregistration begin beside the hooks, force leaves it going on beside the drain, and a
/// drain by request has a separate one.
fn is_plain(recording: &Recording) -> bool {
    let mut entries = recording.entries.iter();
    let is_drained = entries.any(|entry| matches!(entry.seen, Seen::Interruption(Step::Drain)));
    let mut events = recording.events();
    let has_failed = events.any(|(_, event)| matches!(event, Event::Failed { .. }));
    !is_drained && !has_failed && !recording.is_forced()
}

/// These come once in each run, and the last of them at its end.
fn once(recording: &Recording) -> Result<(), String> {
    let is_of = |wanted: Stage| move |event: &Event| matches!(event, Event::Entered { stage } if *stage == wanted);
    let count =
        |is: &dyn Fn(&Event) -> bool| recording.events().filter(|(_, event)| is(event)).count();
    let counts = [
        count(&is_of(Stage::LameDuck)),
        count(&is_of(Stage::Draining)),
        count(&is_of(Stage::Stopped)),
        count(&|event| matches!(event, Event::StopAsked { .. })),
        count(&|event| matches!(event, Event::Stopped { .. })),
    ];
    ensure(counts == [1; 5], || {
        format!("lame duck, draining, stopped, a request to stop and the end came {counts:?} times")
    })?;
    let last = recording.events().next_back();
    ensure(matches!(last, Some((_, Event::Stopped { .. }))), || {
        format!("the last event is {last:?}")
    })
}

/// Every registry shows the instance before the first `after_start` hook and before the app is ready, unless
/// that goes on in the background or a drain keeps it from that.
fn registered(script: &Script, recording: &Recording) -> Result<(), String> {
    if script.options.background {
        return Ok(());
    }
    let mut shown = Vec::new();
    for entry in &recording.entries {
        match &entry.seen {
            Seen::Interruption(Step::Drain) => return Ok(()),
            Seen::Event(Event::Registered { registry }) => shown.push(registry.clone()),
            Seen::Event(
                event @ (Event::Ready { .. }
                | Event::HookStarting {
                    stage: HookStage::AfterStart,
                    ..
                }),
            ) => {
                let names =
                    (0..script.registries.len()).map(|index| Part::Registry(index).to_string());
                let missing: Vec<String> = names.filter(|name| !shown.contains(name)).collect();
                return ensure(missing.is_empty(), || {
                    format!("`{event}` comes before these have registered: {missing:?}")
                });
            }
            _ => {}
        }
    }
    Ok(())
}
