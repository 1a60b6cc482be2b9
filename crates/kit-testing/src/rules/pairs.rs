//! What begins has an end, and a row in the report.

use kit_app::Event;

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
                let rows = report.hooks.iter();
                let rows = rows
                    .filter(|row| row.stage == *stage && row.name == *name)
                    .count();
                let ends = recording.events().filter(|(_, event)| {
                    matches!(event, Event::HookEnded { stage: of, name: other, .. }
                        if of == stage && other == name)
                });
                let ends = ends.count();
                ensure(rows == 1 && ends == 1, || {
                    format!("{stage} hook {name} has {rows} rows and {ends} ends")
                })?;
            }
            Event::ComponentStarting { name, .. } => {
                let rows = report
                    .components
                    .iter()
                    .filter(|row| row.name == *name)
                    .count();
                ensure(rows == 1, || {
                    format!("{name} has {rows} rows in the report")
                })?;
            }
            Event::ResourceOpening { name } => {
                let rows = report
                    .resources
                    .iter()
                    .filter(|row| row.name == *name)
                    .count();
                ensure(rows == 1, || {
                    format!("{name} has {rows} rows in the report")
                })?;
            }
            Event::Registering { registry, .. } => {
                let mut rows = report.registrations.iter();
                ensure(rows.any(|row| row.registry == *registry), || {
                    format!("{registry} has no row in the report")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}
