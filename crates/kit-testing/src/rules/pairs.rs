//! What begins has an end, and a row in the report.

use kit_app::{Event, WorkerState};

use super::facts::ensure;
use crate::recording::Recording;
use crate::script::Script;

/// Looks at every event that is a beginning, and counts the rows of the report and the ends that belong to it.
pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    let Some(end) = &recording.end else {
        return Err("the run has not ended within an hour".to_owned());
    };
    let report = &end.report;
    for (_, event) in recording.events() {
        match event {
            Event::HookStarting { stage, name } => {
                let rows = count(&report.hooks, |row| {
                    row.stage == *stage && row.name == *name
                });
                one("rows", name, rows)?;
                let ends = recording.events().filter(|(_, event)| {
                    matches!(event, Event::HookEnded { stage: of, name: other, .. }
                        if of == stage && other == name)
                });
                one("ends", name, ends.count())?;
            }
            Event::ComponentStarting { name, .. } => {
                let rows = count(&report.components, |row| row.name == *name);
                one("rows", name, rows)?;
            }
            Event::WorkerStarted {
                component, path, ..
            } => {
                let mut components = report.components.iter();
                let workers = components.find(|row| row.name == *component);
                let workers = workers.map_or(&[][..], |row| &row.workers);
                one("rows", path, count(workers, |row| row.path == *path))?;
                let goes_on = [WorkerState::Running, WorkerState::Restarting];
                let left = count(workers, |row| goes_on.contains(&row.state));
                ensure(left == 0, || format!("{path} goes on after the end"))?;
            }
            Event::ResourceOpening { name } => {
                let rows = count(&report.resources, |row| row.name == *name);
                one("rows", name, rows)?;
            }
            Event::Registering { registry, .. } => {
                let rows = count(&report.registrations, |row| row.registry == *registry);
                ensure(rows > 0, || format!("{registry} has no row in the report"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn count<T>(rows: &[T], is: impl Fn(&T) -> bool) -> usize {
    rows.iter().filter(|row| is(row)).count()
}

fn one(what: &str, name: &str, count: usize) -> Result<(), String> {
    ensure(count == 1, || format!("{name} has {count} {what}"))
}
