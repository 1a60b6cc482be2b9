//! The answers to clients, and the entries in registries.

use kit_app::{Event, Stage};
use kit_testing::recording::{Act, Point};

use crate::recordings::{
    REGISTRY, SERVER, WORKER, act, add_behind, assert_breaks, event, is_ready_event, move_before,
    place, sight,
};

#[test]
fn visible() {
    // The server stops accepting before the deregistration has ended.
    assert_breaks("visible", |recording| {
        move_before(
            recording,
            sight(SERVER, Point::Serve, Act::SeesCancel),
            sight(REGISTRY, Point::Deregister, Act::Ends),
        );
    });
    // The instance is registered before the servers accept.
    assert_breaks("visible", |recording| {
        move_before(
            recording,
            sight(REGISTRY, Point::Register, Act::Begins),
            sight(SERVER, Point::Serve, Act::Begins),
        );
    });
}

#[test]
fn leaving() {
    // A server dies, and nothing happens for a while.
    assert_breaks("leaving", |recording| {
        let death = act(SERVER, Point::Serve, Act::Fails);
        add_behind(recording, event(is_ready_event), death);
    });
}

#[test]
fn readiness() {
    // Ready after the request to stop, and before the start was complete.
    for is in [
        |event: &Event| {
            matches!(
                event,
                Event::Entered {
                    stage: Stage::LameDuck
                }
            )
        },
        |event: &Event| {
            matches!(
                event,
                Event::Entered {
                    stage: Stage::Running
                }
            )
        },
    ] {
        assert_breaks("readiness", |recording| {
            let place = place(recording, event(is));
            recording.entries[place].is_ready = Some(true);
        });
    }
    // Not ready, although nothing is wrong.
    assert_breaks("readiness", |recording| {
        let place = place(recording, sight(WORKER, Point::Item, Act::Ends));
        recording.entries[place].is_ready = Some(false);
    });
}
