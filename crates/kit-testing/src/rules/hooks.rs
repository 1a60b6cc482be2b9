//! No hook of the stop is skipped, whatever failed before.

use kit_app::{Event, HookStage};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording};
use crate::script::Script;

/// For each stage of the stop, compares the names in the script with those of the events, and then looks for the
/// call of each hook: one that was dropped before its first poll has events and no call.
pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    for stage in [HookStage::BeforeStop, HookStage::AfterStop] {
        let of_stage = |(index, hook): (usize, &crate::script::HookScript)| {
            (hook.stage == stage).then_some(Part::Hook(stage, index))
        };
        let wanted = script.hooks.iter().enumerate().filter_map(of_stage);
        let wanted: Vec<Part> = wanted.collect();
        let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let began = recording.events().filter_map(|(_, event)| match event {
            Event::HookStarting { stage: of, name } if *of == stage => Some(name.clone()),
            _ => None,
        });
        let began: Vec<String> = began.collect();
        let ended = recording.events().filter_map(|(_, event)| match event {
            Event::HookEnded {
                stage: of, name, ..
            } if *of == stage => Some(name.clone()),
            _ => None,
        });
        let ended: Vec<String> = ended.collect();
        ensure(began == ended, || {
            format!("{stage} hooks that began: {began:?}, and that ended: {ended:?}")
        })?;
        let may_skip = stage == HookStage::BeforeStop && recording.is_forced();
        let is_right = if may_skip {
            names.starts_with(&began)
        } else {
            names == began
        };
        ensure(is_right, || {
            format!("{stage} hooks of the app: {names:?}, and that ran: {began:?}")
        })?;
        let is_called = |part: &Part| {
            let mut sights = recording.sights();
            sights.any(|(_, sight)| sight.part == *part && sight.is(Point::Call, Act::Begins))
        };
        let uncalled: Vec<&Part> = wanted.iter().filter(|part| !is_called(part)).collect();
        ensure(may_skip || uncalled.is_empty(), || {
            format!("{stage} hooks that were never called: {uncalled:?}")
        })?;
    }
    Ok(())
}
