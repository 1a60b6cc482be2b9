//! Each rule is broken on purpose in the recording of a run, and says so.

use std::time::Duration;

use kit_app::{Event, HookStage, Phase, Signal, Stage};
use kit_testing::recording::{Act, Entry, Part, Point, Recording, Seen, Sight, Step};
use kit_testing::rules::{RULES, check};
use kit_testing::run;
use kit_testing::script::prelude::*;

/// An app with something of each kind, and nothing wrong with it.
fn script() -> Script {
    let server = |phase| ServerScript {
        phase,
        start: Succeeds(10),
        life: Drains(20),
        stop: Succeeds(0),
        latch: NoLatch,
        spawns: None,
    };
    let hook = |stage| HookScript {
        stage,
        call: Succeeds(5),
        spawns: None,
    };
    let resource = ResourceScript {
        open: Succeeds(5),
        close: Succeeds(5),
        spawns: None,
    };
    Script {
        servers: vec![server(200), server(300)],
        workers: vec![WorkerScript {
            phase: 100,
            on_failure: StopsApp,
            takes_every: 100,
            item_takes: 30,
            runs: vec![Drains(0)],
        }],
        hooks: vec![
            hook(BeforeStart),
            hook(AfterStart),
            hook(BeforeStop),
            hook(BeforeStop),
            hook(AfterStop),
        ],
        resources: vec![resource.clone(), resource],
        registries: vec![RegistryScript {
            register: vec![Succeeds(10)],
            deregister: vec![Succeeds(10)],
            kept_for: None,
        }],
        checks: vec![CheckScript {
            required: true,
            period: 1_000,
            runs: vec![Succeeds(1)],
        }],
        options: Options {
            ends_at: 1_000,
            ..Options::default()
        },
        ..Script::default()
    }
}

/// The recording of a run of it that nothing interrupts.
fn recording(script: &Script) -> Recording {
    let recording = run(script, &Interruption::none());
    assert_eq!(check(RULES, script, &recording), [], "{recording}");
    recording
}

/// Breaks a recording, and gives the rules that say so.
fn broken_by(breaks: impl FnOnce(&mut Recording)) -> Vec<&'static str> {
    let script = script();
    let mut recording = recording(&script);
    breaks(&mut recording);
    let broken = check(RULES, &script, &recording).into_iter();
    broken.map(|violation| violation.rule).collect()
}

#[track_caller]
fn assert_breaks(rule: &str, breaks: impl FnOnce(&mut Recording)) {
    assert!(RULES.iter().any(|known| known.name == rule), "{rule}");
    let broken = broken_by(breaks);
    assert!(
        broken.contains(&rule),
        "{rule} is kept, and these are broken: {broken:?}"
    );
}

// === entries ===

fn event(is: impl Fn(&Event) -> bool) -> impl Fn(&Entry) -> bool {
    move |entry| matches!(&entry.seen, Seen::Event(event) if is(event))
}

fn sight(part: Part, point: Point, act: Act) -> impl Fn(&Entry) -> bool {
    let wanted = Sight { part, point, act };
    move |entry| matches!(&entry.seen, Seen::Sight(sight) if *sight == wanted)
}

fn place(recording: &Recording, is: impl Fn(&Entry) -> bool) -> usize {
    let place = recording.entries.iter().position(is);
    place.unwrap_or_else(|| panic!("not in {recording}"))
}

fn entry(recording: &Recording, place: usize, seen: Seen) -> Entry {
    Entry {
        seen,
        ..recording.entries[place].clone()
    }
}

/// Moves an entry before another one, whose time it gets.
fn move_before(
    recording: &mut Recording,
    is: impl Fn(&Entry) -> bool,
    before: impl Fn(&Entry) -> bool,
) {
    let from = place(recording, is);
    let mut moved = recording.entries.remove(from);
    let to = place(recording, before);
    moved.at = recording.entries[to].at;
    recording.entries.insert(to, moved);
}

fn remove(recording: &mut Recording, is: impl Fn(&Entry) -> bool) {
    let at = place(recording, is);
    recording.entries.remove(at);
}

/// Adds what a part sees at the time of an entry, behind it.
fn add_behind(recording: &mut Recording, is: impl Fn(&Entry) -> bool, seen: Seen) {
    let at = place(recording, is);
    let added = entry(recording, at, seen);
    recording.entries.insert(at + 1, added);
}

fn is_ready_event(event: &Event) -> bool {
    matches!(event, Event::Ready { .. })
}

const SERVER: Part = Part::Server(0);
const REGISTRY: Part = Part::Registry(0);

fn act(part: Part, point: Point, act: Act) -> Seen {
    Seen::Sight(Sight { part, point, act })
}

// === the rules ===

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
fn deadline() {
    assert_breaks("deadline", |recording| {
        let end = recording.end.as_mut().unwrap();
        end.report.took = Duration::from_secs(30);
    });
    assert_breaks("deadline", |recording| recording.end = None);
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
        let place = place(recording, sight(Part::Worker(0), Point::Item, Act::Ends));
        recording.entries[place].is_ready = Some(false);
    });
}

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
        let taken = act(Part::Worker(0), Point::Item, Act::Begins);
        add_behind(recording, lame_duck(), taken);
    });
    assert_breaks("intake", |recording| {
        let dropped = act(Part::Worker(0), Point::Item, Act::IsCut);
        add_behind(recording, lame_duck(), dropped);
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

#[test]
fn every_rule_is_broken_here() {
    let this = include_str!("broken.rs");
    for rule in RULES {
        let name = rule.name;
        assert!(
            this.contains(&format!("assert_breaks(\"{name}\"")),
            "{name}"
        );
    }
}
