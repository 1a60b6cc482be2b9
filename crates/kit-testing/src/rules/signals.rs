//! No signal is lost, and a repeated one cuts nothing.

use std::time::Duration;

use kit_app::Event;

use super::facts::{asks_for_stop, ensure, forced_at};
use crate::recording::{Entry, Recording, Seen, Step};
use crate::script::Script;
use crate::script::signals::{DUMP, HUP, INT, QUIT};

/// The same signal again within this time is the same request.
const SAME: Duration = Duration::from_millis(100);
/// A request is heard in any step of a start, and the stop begins.
const SOON: Duration = Duration::from_millis(100);

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    heard(recording)?;
    answered(script, recording)?;
    forced(recording)
}

/// The first request is followed by the stop.
fn heard(recording: &Recording) -> Result<(), String> {
    let mut entries = recording.entries.iter();
    let asked = entries.find(|entry| match entry.seen {
        Seen::Interruption(step) => asks_for_stop(step),
        _ => false,
    });
    let (Some(asked), Some(stops)) = (asked, recording.stop_asked()) else {
        return Ok(());
    };
    ensure(stops <= asked.at + SOON, || {
        format!("the stop begins at {stops:?}, and was asked for: {asked}")
    })
}

/// Every signal has an event, but for those that end the process after a forced stop, and those that come when the run
/// is nearly over. A reload may have to wait for its event, and has a separate rule.
fn answered(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut is_asked = false;
    let forced = forced_at(recording);
    let returned = recording.returned().unwrap_or_default();
    for (place, entry) in recording.entries.iter().enumerate() {
        match entry.seen {
            Seen::Event(Event::StopAsked { .. }) => is_asked = true,
            Seen::Interruption(Step::Signal(number)) => {
                let is_forced = forced.is_some_and(|forced| forced <= entry.at + SOON);
                let has_none = entry.at + SOON >= returned
                    || is_forced && matches!(number, INT | QUIT)
                    || number == HUP && !script.reload_hooks.is_empty() && !is_asked;
                let later = recording.entries[place..].iter();
                let mut soon = later.take_while(|later| later.at <= entry.at + SOON);
                let answers = |later: &Entry| match &later.seen {
                    Seen::Event(event) => answers(event, number),
                    _ => false,
                };
                ensure(has_none || soon.any(answers), || {
                    format!("no event answers {entry}")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether this event can be what a signal has done.
fn answers(event: &Event, number: i32) -> bool {
    match event {
        Event::StopAsked { .. } => number != DUMP,
        Event::Forced { signal }
        | Event::SignalRepeated { signal }
        | Event::NextForces { signal }
        | Event::NothingToReload { signal }
        | Event::Dumped { signal, .. } => signal.number() == number,
        _ => false,
    }
}

/// The signals of a run so far, and their effect as the book has it.
#[derive(Default)]
struct SignalsSoFar {
    /// Something has asked for a stop.
    asked: bool,
    interrupted: bool,
    int: Option<Duration>,
    quit: Option<Duration>,
    forced: Option<Duration>,
}

/// A second SIGINT of a stop forces it, and so does a SIGQUIT; nothing else does.
fn forced(recording: &Recording) -> Result<(), String> {
    let mut model = SignalsSoFar::default();
    let stops = recording.stop_asked();
    for entry in &recording.entries {
        match entry.seen {
            Seen::Event(Event::StopAsked { .. }) | Seen::Interruption(Step::Stop) => {
                model.asked = true;
            }
            Seen::Interruption(Step::Signal(number)) => {
                // A failure or an end asks for a stop a moment before that has an event.
                let is_near = stops == Some(entry.at) && !model.asked;
                if is_near && matches!(number, INT | QUIT) {
                    return Ok(());
                }
                model.take(number, entry.at);
            }
            Seen::Interruption(Step::ParentEnds) | Seen::Returned => {
                return model.compare(recording);
            }
            _ => {}
        }
    }
    model.compare(recording)
}

impl SignalsSoFar {
    fn take(&mut self, number: i32, at: Duration) {
        let last = match number {
            INT => &mut self.int,
            QUIT => &mut self.quit,
            _ => {
                self.asked |= asks_for_stop(Step::Signal(number));
                return;
            }
        };
        if last.is_some_and(|last| at < last + SAME) {
            return;
        }
        *last = Some(at);
        let again = number == QUIT || std::mem::replace(&mut self.interrupted, true);
        if !std::mem::replace(&mut self.asked, true) {
            self.interrupted |= number == INT;
        } else if again && self.forced.is_none() {
            self.forced = Some(at);
        }
    }

    fn compare(&self, recording: &Recording) -> Result<(), String> {
        let seen = forced_at(recording);
        let is_right = match (self.forced, seen) {
            (Some(forced), Some(seen)) => (forced..=forced + SOON).contains(&seen),
            (forced, seen) => forced == seen,
        };
        ensure(is_right, || {
            format!(
                "the stop was forced at {seen:?}, and has to be at {:?}",
                self.forced
            )
        })
    }
}
