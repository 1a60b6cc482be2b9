//! A later failure never hides an earlier one.

use std::time::Duration;

use kit_app::Event;

use super::facts::{Deaths, asks_for_stop, ensure, failed_events, fails_start};
use crate::recording::{Recording, Seen, Sight};
use crate::script::Script;

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let Some(end) = &recording.end else {
        return Err("the run has not ended within an hour".to_owned());
    };
    let failed = failed_events(recording);
    let lines_of_events: Vec<&str> = failed.iter().map(|(_, error)| *error).collect();
    let is_forced_line = |line: &&str| line.starts_with("the stop was forced");
    let lines = end.report.failures.iter().map(String::as_str);
    let lines: Vec<&str> = lines.filter(|line| !is_forced_line(line)).collect();
    ensure(lines == lines_of_events, || {
        format!("the report has {lines:?}, and the events were {lines_of_events:?}")
    })?;
    let first = end.report.failures.first();
    ensure(end.error.as_ref() == first, || {
        format!("the error is {:?}, the first failure {first:?}", end.error)
    })?;
    root_cause(script, recording)
}

/// The first part that fails before anything asks for a stop is the reason of the stop, unless something
/// has used up its time before.
///
/// What comes at the same instant has events in either order.
fn root_cause(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut deaths = Deaths::default();
    let mut first: Option<(Duration, Vec<Sight>)> = None;
    for entry in &recording.entries {
        if first.as_ref().is_some_and(|(at, _)| entry.at > *at) {
            break;
        }
        let died = deaths.see(script, entry);
        let failed = match entry.seen {
            Seen::Sight(sight) if fails_start(sight) => Some(sight),
            Seen::Interruption(step) if asks_for_stop(step) => return Ok(()),
            // Something has used up its time.
            Seen::Event(Event::Failed { .. }) if first.is_none() => return Ok(()),
            _ => died,
        };
        if let Some(sight) = failed {
            let first = first.get_or_insert_with(|| (entry.at, Vec::new()));
            first.1.push(sight);
        }
    }
    let Some((at, parts)) = first else {
        return Ok(());
    };
    let failed = failed_events(recording);
    let Some((_, error)) = failed.first() else {
        return Err(format!(
            "nothing has failed, although {parts:?} did at {at:?}"
        ));
    };
    let is_named = |sight: &Sight| error.contains(&sight.part.to_string());
    ensure(parts.iter().any(is_named), || {
        format!(
            "the first failure is `{error}`, and the first that failed were {parts:?} at {at:?}"
        )
    })
}
