//! No signal is lost, and a repeated one cuts nothing.

use std::time::Duration;

use kit_app::Event;

use super::facts::{asks_for_stop, ensure, forced_at};
use crate::recording::{Recording, Seen, Step};
use crate::script::Script;

const INT: i32 = 2;
const QUIT: i32 = 3;
/// The same signal again within this time is the same request.
const SAME: Duration = Duration::from_millis(100);
/// A request is heard in any step of a start, and the stop begins.
const SOON: Duration = Duration::from_millis(100);

pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    heard(recording)?;
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
