//! What several rules read from a recording.

use std::time::Duration;

use kit_app::{Event, HookStage};

use crate::recording::{Act, Entry, Part, Point, Recording, Seen, Sight, Step};
use crate::script::signals::{DUMP, HUP};
use crate::script::{OnFailure, Script};

/// Whether a step asks for a stop.
pub(super) fn asks_for_stop(step: Step) -> bool {
    match step {
        Step::Stop | Step::ParentEnds => true,
        Step::Signal(number) => ![HUP, DUMP].contains(&number),
        Step::ServerDies(_)
        | Step::RegistrationIsLost(_)
        | Step::Reload
        | Step::Drain
        | Step::Undrain => false,
    }
}

/// When a signal forced the stop.
pub(super) fn forced_at(recording: &Recording) -> Option<Duration> {
    let mut events = recording.events();
    let forced = events.find(|(_, event)| matches!(event, Event::Forced { .. }));
    forced.map(|(at, _)| at)
}

/// The end of the task of a server, or of a run, that comes before it is cancelled and fails the app.
///
/// Sees every entry in order; `None` while there is no such end.
#[derive(Default)]
pub(super) struct Deaths {
    cancelled: Vec<(Part, Point)>,
}

impl Deaths {
    pub(super) fn see(&mut self, script: &Script, entry: &Entry) -> Option<Sight> {
        let Seen::Sight(sight) = entry.seen else {
            return None;
        };
        let Sight { part, point, act } = sight;
        match act {
            Act::Begins => self.cancelled.retain(|task| *task != (part, point)),
            Act::SeesCancel => self.cancelled.push((part, point)),
            _ => {}
        }
        let is_fatal = match (part, point) {
            (Part::Server(_), Point::Serve) => act.is_end() && act != Act::IsCut,
            (Part::Worker(index), Point::Run) => {
                let worker = &script.workers[index];
                worker.on_failure == OnFailure::StopsApp && act.is_end() && act != Act::IsCut
            }
            (Part::Job(index), Point::Run) => {
                script.jobs[index].on_failure == OnFailure::StopsApp && act.is_failure()
            }
            _ => false,
        };
        (is_fatal && !self.cancelled.contains(&(part, point))).then_some(sight)
    }
}

/// Whether the failure of this call fails a start.
pub(super) fn fails_start(sight: Sight) -> bool {
    let is_of_start = matches!(
        (sight.part, sight.point),
        (Part::Server(_), Point::Start)
            | (Part::Resource(_), Point::Open)
            | (
                Part::Hook(HookStage::BeforeStart | HookStage::AfterStart, _),
                Point::Call
            )
    );
    is_of_start && sight.act.is_failure()
}

/// `Err` with the text unless it holds.
pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// The failures that had events.
pub(super) fn failed_events(recording: &Recording) -> Vec<(Duration, &str)> {
    let failed = recording.events().filter_map(|(at, event)| match event {
        Event::Failed { error } => Some((at, error.as_str())),
        _ => None,
    });
    failed.collect()
}
