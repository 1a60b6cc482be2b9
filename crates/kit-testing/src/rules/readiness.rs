//! Readiness tells the truth, and is the first to know of a stop.

use kit_app::Event;

use super::facts::{asks_for_stop, ensure};
use crate::recording::{Act, Entry, Part, Point, Recording, Seen, Sight, Step};
use crate::script::Script;

/// The answer that readiness should give, from the entries so far.
struct Model {
    is_started: bool,
    stops: bool,
    /// A request or a failure is on its way: the answer may be either.
    may_stop: bool,
    is_drained: bool,
    failing: Vec<String>,
    /// The registries that are asked to take the instance away.
    leaving: Vec<Part>,
}

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let checks = script.checks.iter().enumerate();
    let required = checks.filter(|(_, check)| check.required);
    let mut model = Model {
        is_started: false,
        stops: false,
        may_stop: false,
        is_drained: false,
        // None has passed yet.
        failing: required
            .map(|(index, _)| Part::Check(index).to_string())
            .collect(),
        leaving: Vec::new(),
    };
    let asked = recording.stop_asked();
    for (place, entry) in recording.entries.iter().enumerate() {
        // A step of the interruption is taken behind its entry.
        let was_step =
            place > 0 && matches!(recording.entries[place - 1].seen, Seen::Interruption(_));
        if was_step && let Seen::Interruption(step) = recording.entries[place - 1].seen {
            model.take(step);
        }
        if let Seen::Event(event) = &entry.seen {
            model.see(event);
        }
        model.may_stop |= asked.is_some_and(|asked| asked <= entry.at);
        // Inside the event of the complete start the answer has not changed yet.
        let is_step = matches!(entry.seen, Seen::Interruption(_));
        let wanted =
            model.is_started && !model.stops && !model.is_drained && model.failing.is_empty();
        ensure(wanted || entry.is_ready != Some(true), || {
            format!("the app is ready, and should not be: {entry}")
        })?;
        ensure(
            !wanted || entry.is_ready != Some(false) || model.may_stop || is_step,
            || format!("the app is not ready, and should be: {entry}"),
        )?;
        // The answer changes behind the event.
        model.is_started |= matches!(entry.seen, Seen::Event(Event::Ready { .. }));
        if let Seen::Sight(sight) = entry.seen {
            model.leave(sight, entry)?;
        }
    }
    Ok(())
}

impl Model {
    /// Attempts to leave a registry are repeated when the drain was taken back: the instance comes again behind them.
    fn leave(&mut self, sight: Sight, entry: &Entry) -> Result<(), String> {
        if sight.is(Point::Register, Act::Begins) {
            self.leaving.retain(|part| *part != sight.part);
        }
        if !sight.is(Point::Deregister, Act::Begins) || self.leaving.contains(&sight.part) {
            return Ok(());
        }
        self.leaving.push(sight.part);
        ensure(entry.is_ready != Some(true), || {
            format!("ready, and leaving: {entry}")
        })
    }

    fn take(&mut self, step: Step) {
        match step {
            // A token is heard of by a task.
            Step::ParentEnds => self.may_stop = true,
            Step::Drain => self.is_drained = true,
            Step::Undrain => self.is_drained = false,
            step => self.stops |= asks_for_stop(step),
        }
    }

    fn see(&mut self, event: &Event) {
        match event {
            Event::StopAsked { .. } => self.stops = true,
            Event::CheckFailed {
                name,
                required: true,
                ..
            } => self.failing.push(name.clone()),
            Event::CheckPassed { name, .. } => self.failing.retain(|of| of != name),
            _ => {}
        }
    }
}
