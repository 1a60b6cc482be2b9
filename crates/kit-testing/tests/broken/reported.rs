//! The failures of a run, its exit code, its events and its report.

use std::time::Duration;

use kit_app::HookStage::{AfterStart, BeforeStart};
use kit_app::{ComponentReport, Event, Stage};
use kit_testing::recording::{Act, Part, Point, Seen};

use crate::recordings::{
    REGISTRY, SERVER, act, add_behind, assert_breaks, event, is_ready_event, place, remove, sight,
};

#[test]
fn left() {
    assert_breaks("left", |recording| {
        recording.left.push((SERVER, Point::Serve));
    });
    assert_breaks("left", |recording| recording.left_tasks = 1);
    // The registry has not confirmed the deregistration.
    assert_breaks("left", |recording| {
        remove(recording, sight(REGISTRY, Point::Deregister, Act::Ends));
    });
}

#[test]
fn masking() {
    // A failure that had an event is not in the report.
    assert_breaks("masking", |recording| {
        let error = "hook2 Call fails".to_owned();
        add_behind(
            recording,
            event(is_ready_event),
            Seen::Event(Event::Failed { error }),
        );
    });
    // What failed first is not the first failure.
    assert_breaks("masking", |recording| {
        let death = act(SERVER, Point::Serve, Act::Fails);
        add_behind(recording, event(is_ready_event), death);
    });
}

#[test]
fn exit_code() {
    assert_breaks("exit code", |recording| {
        recording.end.as_mut().unwrap().report.exit_code = 1;
    });
    assert_breaks("exit code", |recording| {
        let failures = &mut recording.end.as_mut().unwrap().report.failures;
        failures.push("hook2 fails".to_owned());
    });
    // A task was cut, and nothing says so.
    assert_breaks("exit code", |recording| {
        let cut = act(SERVER, Point::Serve, Act::IsCut);
        let stopped = event(|event| {
            matches!(
                event,
                Event::Entered {
                    stage: Stage::Stopped
                }
            )
        });
        add_behind(recording, stopped, cut);
    });
}

#[test]
fn silence() {
    // A failure without an event.
    assert_breaks("silence", |recording| {
        let failed = act(Part::Hook(AfterStart, 1), Point::Call, Act::Fails);
        add_behind(recording, event(is_ready_event), failed);
    });
    // A silence of more than 4 s.
    assert_breaks("silence", |recording| {
        let from = place(
            recording,
            event(|event| {
                matches!(
                    event,
                    Event::Entered {
                        stage: Stage::Draining
                    }
                )
            }),
        );
        for entry in &mut recording.entries[from..] {
            entry.at += Duration::from_secs(5);
        }
    });
}

#[test]
fn pairs() {
    assert_breaks("pairs", |recording| {
        let report = &mut recording.end.as_mut().unwrap().report;
        report.components.pop();
    });
    assert_breaks("pairs", |recording| {
        let report = &mut recording.end.as_mut().unwrap().report;
        report.resources.pop();
    });
    assert_breaks("pairs", |recording| {
        let report = &mut recording.end.as_mut().unwrap().report;
        let is_group = |row: &&mut ComponentReport| row.name == "group0";
        let group = report.components.iter_mut().find(is_group);
        group.unwrap().workers.pop();
    });
    assert_breaks("pairs", |recording| {
        let is_end = event(|event| {
            matches!(
                event,
                Event::HookEnded {
                    stage: BeforeStart,
                    ..
                }
            )
        });
        remove(recording, is_end);
    });
}
