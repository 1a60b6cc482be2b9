//! Nothing is left behind, or it is named.

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording};
use crate::script::Script;

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let left = &recording.left;
    ensure(left.is_empty(), || {
        format!("still alive 100 ms after the end: {left:?}")
    })?;
    ensure(recording.left_tasks == 0, || {
        format!(
            "tasks in the runtime 100 ms after the end: {}",
            recording.left_tasks
        )
    })?;
    let Some(end) = &recording.end else {
        return Err("the run has not ended within an hour".to_owned());
    };
    for index in 0..script.registries.len() {
        let name = Part::Registry(index).to_string();
        let mut rows = end.report.registrations.iter();
        let is_named = rows.any(|row| row.registry == name && row.error.is_some());
        ensure(is_named || !shows_at_end(recording, index), || {
            format!("{name} shows the instance after the end, and the report does not say so")
        })?;
    }
    Ok(())
}

fn shows_at_end(recording: &Recording, registry: usize) -> bool {
    let mut shows = false;
    for (_, sight) in recording.sights() {
        if sight.part != Part::Registry(registry) {
            continue;
        }
        match (sight.point, sight.act) {
            (Point::Register, Act::Begins) => shows = true,
            (Point::Deregister, Act::Ends) | (Point::KeepAlive, Act::Fails) => shows = false,
            _ => {}
        }
    }
    shows
}
