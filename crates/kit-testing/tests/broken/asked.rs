//! Signals and reloads.

use std::time::Duration;

use kit_app::{Cause, Event, Signal, Stage};
use kit_testing::recording::{Act, Entry, Part, Point, Seen, Step};

use crate::recordings::{
    act, add_behind, assert_breaks, event, is_ready_event, place, remove, sight,
};

#[test]
fn signals() {
    // A signal that forces nothing comes before the request, and nothing follows it.
    assert_breaks("signals", |recording| {
        let term = Seen::Interruption(Step::Signal(15));
        add_behind(recording, event(is_ready_event), term);
    });
    // A second SIGINT of the stop forces nothing.
    assert_breaks("signals", |recording| {
        for _ in 0..2 {
            let int = Seen::Interruption(Step::Signal(2));
            let delay = event(|event| {
                matches!(
                    event,
                    Event::Entered {
                        stage: Stage::LameDuck
                    }
                )
            });
            add_behind(recording, delay, int);
        }
        let last = recording.entries.len() - 1;
        let first = place(recording, |entry| {
            matches!(entry.seen, Seen::Interruption(Step::Signal(2)))
        });
        for entry in &mut recording.entries[first + 1..=last] {
            entry.at += Duration::from_millis(150);
        }
    });
    // A signal that changes nothing has no event.
    assert_breaks("signals", |recording| {
        let dump = Seen::Interruption(Step::Signal(Signal::USR1.number()));
        add_behind(recording, event(is_ready_event), dump);
    });
    // A stop is forced by nothing.
    assert_breaks("signals", |recording| {
        let signal = Signal::INT;
        add_behind(
            recording,
            event(is_ready_event),
            Seen::Event(Event::Forced { signal }),
        );
    });
}

#[test]
fn reloads() {
    let starting = || event(|event| matches!(event, Event::ReloadStarting { .. }));
    let ended = || event(|event| matches!(event, Event::ReloadHookEnded { .. }));
    let call = |act| sight(Part::Reload(0), Point::Call, act);
    // A hook is skipped.
    assert_breaks("reloads", |recording| remove(recording, ended()));
    // A hook has taken longer than it may.
    assert_breaks("reloads", |recording| {
        let place = place(recording, ended());
        let Seen::Event(Event::ReloadHookEnded { took, .. }) = &mut recording.entries[place].seen
        else {
            unreachable!("it was looked for");
        };
        *took = Duration::from_secs(60);
    });
    // A request is forgotten.
    assert_breaks("reloads", |recording| {
        let of_reload = |entry: &Entry| match &entry.seen {
            Seen::Event(event) => matches!(
                event,
                Event::ReloadStarting { .. }
                    | Event::ReloadHookEnded { .. }
                    | Event::Reloaded { .. }
            ),
            Seen::Sight(sight) => matches!(sight.part, Part::Reload(_)),
            _ => false,
        };
        recording.entries.retain(|entry| !of_reload(entry));
    });
    // Nothing has asked for it.
    assert_breaks("reloads", |recording| {
        remove(recording, |entry| {
            matches!(entry.seen, Seen::Interruption(Step::Reload))
        });
    });
    // One begins in the stop, and a hook is called in the drain.
    let asked = || event(|event| matches!(event, Event::StopAsked { .. }));
    assert_breaks("reloads", |recording| {
        let cause = Cause::Requested("late".to_owned());
        add_behind(
            recording,
            asked(),
            Seen::Event(Event::ReloadStarting { cause }),
        );
    });
    assert_breaks("reloads", |recording| {
        let stopped = event(|event| matches!(event, Event::ComponentStopped { .. }));
        add_behind(
            recording,
            stopped,
            act(Part::Reload(0), Point::Call, Act::Begins),
        );
    });
    // A hook goes on while resources are closed.
    assert_breaks("reloads", |recording| remove(recording, call(Act::Ends)));
    // A failure of a hook is one of the app.
    assert_breaks("reloads", |recording| {
        let error = "reload hook `reload1` failed".to_owned();
        add_behind(recording, starting(), Seen::Event(Event::Failed { error }));
    });
}
