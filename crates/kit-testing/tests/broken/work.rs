//! Workers and their groups.

use std::time::Duration;

use kit_app::{AfterFailure, Event, Stage};
use kit_testing::recording::{Act, Part, Point, Seen};

use crate::recordings::{
    WORKER, act, add_behind, assert_breaks, event, is_ready_event, last_place, place, remove, sight,
};

#[test]
fn ends() {
    let drains =
        || event(|event| matches!(event, Event::ComponentStopping { name } if name == "worker0"));
    // The worker has stopped, and its run goes on.
    assert_breaks("ends", |recording| {
        remove(recording, sight(WORKER, Point::Run, Act::Ends));
    });
    // A run begins in the stop.
    assert_breaks("ends", |recording| {
        add_behind(recording, drains(), act(WORKER, Point::Run, Act::Begins));
    });
    // A worker is cancelled before its drain.
    assert_breaks("ends", |recording| {
        let cancel = act(WORKER, Point::Run, Act::SeesCancel);
        add_behind(recording, event(is_ready_event), cancel);
    });
}

#[test]
fn anew() {
    let [first, failing, last] = [0, 1, 2].map(|member| Part::Member(0, member));
    let begins = |part| sight(part, Point::Run, Act::Begins);
    // The one that fails begins anew beside a run that has not ended.
    assert_breaks("anew", |recording| {
        remove(recording, sight(last, Point::Run, Act::Ends));
    });
    // They begin anew in another order.
    assert_breaks("anew", |recording| {
        let place = last_place(recording, begins(last));
        let moved = recording.entries.remove(place);
        let place = last_place(recording, begins(failing));
        recording.entries.insert(place, moved);
    });
    // One that is not concerned is cancelled, and one begins anew.
    assert_breaks("anew", |recording| {
        let cancel = act(first, Point::Run, Act::SeesCancel);
        add_behind(recording, sight(failing, Point::Run, Act::Fails), cancel);
    });
    assert_breaks("anew", |recording| {
        let failed = || sight(failing, Point::Run, Act::Fails);
        add_behind(recording, failed(), act(first, Point::Run, Act::Begins));
        add_behind(recording, failed(), act(first, Point::Run, Act::Ends));
    });
    // It does not begin anew.
    assert_breaks("anew", |recording| {
        let place = last_place(recording, begins(failing));
        recording.entries.remove(place);
        for entry in &mut recording.entries[place..] {
            entry.at += Duration::from_secs(30);
        }
    });
    // The event does not name the one behind it.
    assert_breaks("anew", |recording| {
        let is = event(|event| matches!(event, Event::WorkerFailed { .. }));
        let place = place(recording, is);
        let Seen::Event(Event::WorkerFailed {
            then: AfterFailure::Restart { siblings, .. },
            ..
        }) = &mut recording.entries[place].seen
        else {
            unreachable!("it was looked for");
        };
        siblings.clear();
    });
}

#[test]
fn latches() {
    let latch = |act| sight(WORKER, Point::Latch, act);
    // It is never opened, it is dropped, it was not taken.
    assert_breaks("latches", |recording| remove(recording, latch(Act::Ends)));
    assert_breaks("latches", |recording| {
        let place = place(recording, latch(Act::Ends));
        recording.entries[place].seen = act(WORKER, Point::Latch, Act::IsCut);
    });
    assert_breaks("latches", |recording| {
        remove(recording, latch(Act::Begins));
        remove(recording, latch(Act::Ends));
    });
}

#[test]
fn intake() {
    let lame_duck = || {
        event(|event| {
            matches!(
                event,
                Event::Entered {
                    stage: Stage::LameDuck
                }
            )
        })
    };
    assert_breaks("intake", |recording| {
        let taken = act(WORKER, Point::Item, Act::Begins);
        add_behind(recording, lame_duck(), taken);
    });
    assert_breaks("intake", |recording| {
        let dropped = act(WORKER, Point::Item, Act::IsCut);
        add_behind(recording, lame_duck(), dropped);
    });
}
