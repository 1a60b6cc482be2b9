//! The order of a start and of a stop, and its time.

use std::time::Duration;

use kit_app::HookStage::{AfterStop, BeforeStop};
use kit_app::{Event, HookStage, Phase, Stage};
use kit_testing::recording::{Act, Part, Point, Seen};

use crate::recordings::{
    SERVER, act, assert_breaks, event, is_ready_event, move_before, place, remove, sight,
};

#[test]
fn deadline() {
    assert_breaks("deadline", |recording| {
        let end = recording.end.as_mut().unwrap();
        end.report.took = Duration::from_secs(30);
    });
    assert_breaks("deadline", |recording| recording.end = None);
}

#[test]
fn hooks() {
    let is_of = |stage: HookStage| {
        move |event: &Event| {
            matches!(event, Event::HookStarting { stage: of, .. } | Event::HookEnded { stage: of, .. }
                if *of == stage)
        }
    };
    // One is skipped.
    assert_breaks("hooks", |recording| {
        remove(recording, event(is_of(AfterStop)));
        remove(recording, event(is_of(AfterStop)));
    });
    // It was dropped before it was called.
    assert_breaks("hooks", |recording| {
        remove(
            recording,
            sight(Part::Hook(BeforeStop, 3), Point::Call, Act::Begins),
        );
    });
}

#[test]
fn order() {
    let entered = |wanted: Stage| {
        event(move |event| matches!(event, Event::Entered { stage } if *stage == wanted))
    };
    assert_breaks("order", |recording| {
        move_before(
            recording,
            entered(Stage::Draining),
            entered(Stage::LameDuck),
        );
    });
    assert_breaks("order", |recording| {
        move_before(recording, event(is_ready_event), entered(Stage::Running));
    });
    assert_breaks("order", |recording| {
        let is_deregistered = event(|event| matches!(event, Event::Deregistered { .. }));
        let is_hook = event(|event| {
            matches!(
                event,
                Event::HookStarting {
                    stage: BeforeStop,
                    ..
                }
            )
        });
        move_before(recording, is_deregistered, is_hook);
    });
    assert_breaks("order", |recording| {
        remove(
            recording,
            event(|event| matches!(event, Event::Registered { .. })),
        );
    });
    assert_breaks("order", |recording| {
        remove(recording, entered(Stage::Draining));
    });
}

#[test]
fn phases() {
    let starting = |of: &'static str| {
        event(move |event| matches!(event, Event::ComponentStarting { name, .. } if name == of))
    };
    let stopped = |of: &'static str| {
        event(move |event| matches!(event, Event::ComponentStopped { name, .. } if name == of))
    };
    let stopping = |of: &'static str| {
        event(move |event| matches!(event, Event::ComponentStopping { name } if name == of))
    };
    assert_breaks("phases", |recording| {
        move_before(recording, starting("server1"), starting("server0"));
    });
    assert_breaks("phases", |recording| {
        move_before(recording, stopping("worker0"), stopped("server0"));
    });
    assert_breaks("phases", |recording| remove(recording, stopped("server0")));
    assert_breaks("phases", |recording| {
        let place = place(recording, starting("worker0"));
        let Seen::Event(Event::ComponentStarting { phase, .. }) =
            &mut recording.entries[place].seen
        else {
            unreachable!("it was looked for");
        };
        *phase = Phase::new(250);
    });
}

#[test]
fn resources() {
    let closing = |of: &'static str| {
        event(move |event| matches!(event, Event::ResourceClosing { name } if name == of))
    };
    assert_breaks("resources", |recording| {
        move_before(recording, closing("resource0"), closing("resource1"));
    });
    assert_breaks("resources", |recording| {
        let stopped = event(
            |event| matches!(event, Event::ComponentStopped { name, .. } if name == "server0"),
        );
        move_before(recording, closing("resource1"), stopped);
    });
    assert_breaks("resources", |recording| {
        remove(recording, closing("resource0"));
    });
    assert_breaks("resources", |recording| {
        remove(
            recording,
            sight(Part::Resource(1), Point::Close, Act::Begins),
        );
    });
}

#[test]
fn starving() {
    for (part, point) in [
        (Part::Hook(AfterStop, 4), Point::Call),
        (Part::Resource(0), Point::Close),
        (SERVER, Point::Serve),
    ] {
        assert_breaks("starving", |recording| {
            let place = place(recording, sight(part, point, Act::Ends));
            recording.entries[place].seen = act(part, point, Act::IsCut);
        });
    }
}
