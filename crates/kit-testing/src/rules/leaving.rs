//! After the death of a component the instance leaves its registries at once.

use std::time::Duration;

use super::facts::{Deaths, ensure, forced_at};
use crate::recording::{Act, Part, Point, Recording};
use crate::script::Script;

const SOON: Duration = Duration::from_millis(100);

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut deaths = Deaths::default();
    let forced = forced_at(recording);
    let died = recording.entries.iter().filter_map(|entry| {
        let sight = deaths.see(script, entry)?;
        Some((entry.at, sight))
    });
    let died: Vec<_> = died.collect();
    for (at, sight) in died {
        if forced.is_some_and(|forced| forced <= at + SOON) {
            continue;
        }
        for index in 0..script.registries.len() {
            ensure(leaves_by(recording, index, at + SOON), || {
                format!(
                    "registry{index} shows the instance 100 ms after {sight} at {at:?}, and nothing takes it away"
                )
            })?;
        }
    }
    Ok(())
}

/// Whether a registry does not show the instance at this time, or a deregistration has begun by then.
fn leaves_by(recording: &Recording, registry: usize, by: Duration) -> bool {
    let mut leaves = true;
    for (_, sight) in recording.sights().take_while(|(at, _)| *at <= by) {
        if sight.part != Part::Registry(registry) {
            continue;
        }
        match (sight.point, sight.act) {
            (Point::Register, Act::Begins) => leaves = false,
            (Point::Deregister, Act::Begins) | (Point::KeepAlive, Act::Fails) => leaves = true,
            _ => {}
        }
    }
    leaves
}
