//! What the simulator has found: the smallest script of each fault, which is mended.

use std::time::Duration;

use kit_app::Event;
use kit_testing::recording::{Act, Part, Point, Seen};
use kit_testing::script::prelude::*;
use kit_testing::{assert_holds, run};

fn hook(call: Call) -> HookScript {
    HookScript {
        stage: AfterStop,
        call,
        spawns: None,
    }
}

/// With a short timeout a phase that begins late gets more than the reserve that was kept for the hooks. They were
/// dropped before their first poll.
#[test]
fn an_after_stop_hook_is_called_when_late_phases_have_used_up_the_time() {
    let script = Script {
        options: Options {
            stop: 400,
            ..Options::default()
        },
        servers: vec![ServerScript {
            phase: 200,
            start: Succeeds(0),
            life: Drains(300),
            stop: Succeeds(0),
            latch: NoLatch,
            spawns: None,
        }],
        workers: vec![WorkerScript {
            phase: 100,
            on_failure: StopsApp,
            takes_every: 0,
            item_takes: 0,
            latch: NoLatch,
            runs: vec![Drains(100)],
        }],
        hooks: vec![hook(Succeeds(0))],
        ..Script::default()
    };
    assert_holds(&script, &Interruption::none());
}

/// A hook that ran when the stop was forced had all of the time that was left, and the next one none.
#[test]
fn a_hook_that_a_signal_finds_running_leaves_the_next_one_its_share() {
    let script = Script {
        hooks: vec![hook(Succeeds(1_500)), hook(Succeeds(0))],
        ..Script::default()
    };
    let interruption = Interruption {
        event: 0,
        after: 0,
        what: Signals(vec![(1, 2), (1_000, 2)]),
    };
    assert_holds(&script, &interruption);
}

/// Events of a wait came at fixed times since its beginning, also when the stop had done other things at those times:
/// an `open` that hangs had one at 2 s, and the next one at 32 s.
#[test]
fn a_wait_that_goes_on_in_a_stop_has_an_event_soon() {
    let script = Script {
        hooks: vec![HookScript {
            stage: BeforeStop,
            call: Succeeds(2_676),
            spawns: Some(Drains(9_324)),
        }],
        resources: vec![ResourceScript {
            open: Hangs,
            close: Succeeds(0),
            spawns: None,
        }],
        ..Script::default()
    };
    assert_holds(&script, &Interruption::none());
}

/// The close of a resource and the end of its tasks are one wait, of which the second half began anew.
#[test]
fn the_wait_for_a_resource_goes_on_with_its_tasks() {
    let script = Script {
        resources: vec![ResourceScript {
            open: Succeeds(0),
            close: Succeeds(1_900),
            spawns: Some(Drains(1_900)),
        }],
        ..Script::default()
    };
    let recording = run(&script, &Interruption::none());
    let mut waits = recording.events().filter_map(|(_, event)| match event {
        Event::Waiting { since, .. } => Some(*since),
        _ => None,
    });
    assert_eq!(waits.next(), Some(Duration::from_secs(2)), "{recording}");
    assert_holds(&script, &Interruption::none());
}

/// The end of a resource's tasks has some milliseconds beyond its share, which were those of the last `close`.
#[test]
fn every_resource_is_closed_although_those_before_have_used_up_the_time() {
    let resource = |close, spawns| ResourceScript {
        open: Succeeds(0),
        close: Succeeds(close),
        spawns,
    };
    let script = Script {
        options: Options {
            stop: 400,
            drain_delay: Some(5_000),
            ..Options::default()
        },
        resources: vec![
            resource(0, None),
            resource(50, Some(Drains(50))),
            resource(50, None),
        ],
        registries: vec![RegistryScript {
            register: vec![Succeeds(0)],
            deregister: vec![Succeeds(19)],
            kept_for: None,
        }],
        ..Script::default()
    };
    assert_holds(&script, &Interruption::none());
}

/// A panic ended the task that keeps the instance, and nothing took it away.
#[test]
fn an_instance_whose_registrar_panics_is_taken_away() {
    let script = Script {
        servers: vec![ServerScript {
            phase: 200,
            start: Succeeds(0),
            life: Drains(0),
            stop: Succeeds(0),
            latch: NoLatch,
            spawns: None,
        }],
        registries: vec![RegistryScript {
            register: vec![Panics(0)],
            deregister: vec![Succeeds(0)],
            kept_for: None,
        }],
        ..Script::default()
    };
    let interruption = Interruption {
        event: 5,
        after: 0,
        what: ServerDies(0),
    };
    assert_holds(&script, &interruption);
}

/// The stop is asked for inside the event of the first hook's end. The next hook was called all the same.
#[test]
fn a_reload_calls_no_hook_once_a_stop_was_asked_for() {
    let hook = ReloadScript {
        calls: vec![Succeeds(0)],
        spawns: None,
    };
    let script = Script {
        options: Options {
            reloads_at: Some(10),
            ..Options::default()
        },
        reload_hooks: vec![hook.clone(), hook],
        ..Script::default()
    };
    let mut events = run(&script, &Interruption::none());
    events
        .entries
        .retain(|entry| matches!(entry.seen, Seen::Event(_)));
    let place = events
        .entries
        .iter()
        .position(|entry| matches!(entry.seen, Seen::Event(Event::ReloadHookEnded { .. })));
    let interruption = Interruption {
        event: place.expect("it reloads") as u64 + 1,
        after: 0,
        what: StopByHandle,
    };
    assert_holds(&script, &interruption);
    let recording = run(&script, &interruption);
    let called = recording
        .sights()
        .filter(|(_, sight)| sight.is(Point::Call, Act::Begins));
    let called: Vec<Part> = called.map(|(_, sight)| sight.part).collect();
    assert_eq!(called, [Part::Reload(0)], "{recording}");
}
