//! Phases ascend in a start and descend in a stop.

use kit_app::{Event, Phase};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Seen};
use crate::script::{OnFailure, Script};

struct Component {
    name: String,
    phase: Phase,
    /// Its start has returned.
    started: bool,
    stopping: bool,
    stopped: bool,
}

/// Goes through the entries once, in order, with a list of the components whose start was called: each event of one
/// is compared with how far all others are.
pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut components: Vec<Component> = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    for entry in &recording.entries {
        if let Seen::Sight(sight) = entry.seen
            && let Part::Job(index) = sight.part
            && sight.is(Point::Run, Act::Ends)
        {
            done.push(index);
        }
        let Seen::Event(event) = &entry.seen else {
            continue;
        };
        match event {
            Event::ComponentStarting { name, phase } => {
                let earlier = components
                    .iter()
                    .find(|of| of.phase < *phase && !of.started);
                ensure(earlier.is_none(), || {
                    format!(
                        "{name} starts before {} has",
                        earlier.map_or("", |of| &of.name)
                    )
                })?;
                let later = components.iter().find(|of| of.phase > *phase);
                ensure(later.is_none(), || {
                    format!("{name} starts after {}", later.map_or("", |of| &of.name))
                })?;
                let waits_for = awaited(script, *phase, &done);
                ensure(waits_for.is_none(), || {
                    format!("{name} starts before the job {waits_for:?} has ended")
                })?;
                components.push(Component {
                    name: name.clone(),
                    phase: *phase,
                    started: false,
                    stopping: false,
                    stopped: false,
                });
            }
            Event::ComponentStarted { name, .. } => {
                let component = components.iter_mut().find(|of| of.name == *name);
                if let Some(component) = component {
                    component.started = true;
                }
            }
            Event::ComponentStopping { name } => {
                let phase = components
                    .iter()
                    .find(|of| of.name == *name)
                    .map(|of| of.phase);
                let phase = phase.ok_or_else(|| format!("{name} stops without a start"))?;
                let later = components.iter().find(|of| of.phase > phase && !of.stopped);
                ensure(later.is_none(), || {
                    format!(
                        "{name} drains before {} has stopped",
                        later.map_or("", |of| &of.name)
                    )
                })?;
                for component in components.iter_mut().filter(|of| of.name == *name) {
                    ensure(!component.stopping, || format!("{name} drains twice"))?;
                    component.stopping = true;
                }
            }
            Event::ComponentStopped { name, .. } => {
                for component in components.iter_mut().filter(|of| of.name == *name) {
                    ensure(component.stopping && !component.stopped, || {
                        format!("{name} has stopped twice, or without a drain")
                    })?;
                    component.stopped = true;
                }
            }
            _ => {}
        }
    }
    let left = components.iter().find(|of| !of.stopped);
    ensure(left.is_none(), || {
        format!(
            "{} was started and never stopped",
            left.map_or("", |of| &of.name)
        )
    })
}

/// A job of an earlier phase for which the start has to wait, and that has not ended. One whose failure is
/// ignored may have failed.
fn awaited(script: &Script, phase: Phase, done: &[usize]) -> Option<usize> {
    let mut jobs = script.jobs.iter().enumerate();
    let waits = jobs.find(|(index, job)| {
        job.awaited.is_some()
            && Phase::new(job.phase) < phase
            && job.on_failure != OnFailure::IsIgnored
            && !done.contains(index)
    });
    waits.map(|(index, _)| index)
}
