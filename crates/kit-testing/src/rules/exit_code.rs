//! The exit code, and the cuts that have to be named when it is not 0.

use kit_app::Event;

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Sight};
use crate::script::Script;

/// Compares the code with the report and the last event, and then looks for every cut that a failure has to name.
pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    let Some(end) = &recording.end else {
        return Err("the run has not ended within an hour".to_owned());
    };
    let code = end.report.exit_code;
    let mut events = recording.events();
    let forced = events.find_map(|(_, event)| match event {
        Event::Forced { signal } => Some(*signal),
        _ => None,
    });
    let wanted = match forced {
        Some(signal) => u8::try_from(128 + signal.number()).unwrap_or(u8::MAX),
        None => u8::from(!end.report.failures.is_empty()),
    };
    ensure(code == wanted, || {
        format!("the exit code is {code}, and has to be {wanted}")
    })?;
    ensure(end.error.is_some() == (code != 0), || {
        format!("the exit code is {code}, and the error {:?}", end.error)
    })?;
    let last = recording.events().next_back();
    ensure(
        matches!(last, Some((_, Event::Stopped { exit_code, .. })) if *exit_code == code),
        || format!("the last event is {last:?}, and the exit code {code}"),
    )?;
    let lines = end.report.failures.join("\n");
    let asked = recording.stop_asked();
    for (at, sight) in recording.sights() {
        // One that ends so that its group begins anew.
        let is_to_begin_anew =
            matches!(sight.part, Part::Member(..)) && asked.is_none_or(|asked| at <= asked);
        if is_to_begin_anew || !is_worth_a_failure(&sight) {
            continue;
        }
        ensure(code != 0, || format!("{sight}, and the exit code is 0"))?;
        let name = sight.part.to_string();
        ensure(forced.is_some() || lines.contains(&name), || {
            format!("{sight}, and no failure names it: {lines}")
        })?;
    }
    Ok(())
}

/// Whether this was cut that is to be named: not an item or a latch, whose run is named, not what may be dropped (runs
/// of checks, calls of registries, tasks of servers beside their own, reloads).
fn is_worth_a_failure(sight: &Sight) -> bool {
    let is_of_author = match (sight.part, sight.point) {
        (Part::Registry(_) | Part::Check(_) | Part::Reload(_), _)
        | (_, Point::Item | Point::Latch) => false,
        (Part::Server(_), point) => point != Point::Spawned,
        _ => true,
    };
    is_of_author && sight.act == Act::IsCut
}
