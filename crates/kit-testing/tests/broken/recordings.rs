//! The recording of a right run, and ways to break it.

use kit_app::Event;
use kit_testing::recording::{Act, Entry, Part, Point, Recording, Seen, Sight};
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
    let reload = |call| ReloadScript {
        calls: vec![call],
        spawns: None,
    };
    let resource = ResourceScript {
        open: Succeeds(5),
        close: Succeeds(5),
        spawns: None,
    };
    let lives = |runs| Lives {
        takes_every: 0,
        item_takes: 0,
        runs,
    };
    Script {
        servers: vec![server(200), server(300)],
        workers: vec![WorkerScript {
            phase: 100,
            on_failure: StopsApp,
            takes_every: 100,
            item_takes: 30,
            latch: OpensAfter(5),
            runs: vec![Drains(0)],
        }],
        // Its second worker fails once, and begins anew with the one behind it.
        groups: vec![GroupScript {
            phase: 100,
            anew: Rest,
            restarts: 1,
            restart_limit: 5_000,
            members: vec![
                lives(vec![Drains(0)]),
                lives(vec![FailsAfter(300), Drains(0)]),
                lives(vec![Drains(5)]),
                Repeats {
                    every: 200,
                    runs: vec![Succeeds(1)],
                },
            ],
        }],
        hooks: vec![
            hook(BeforeStart),
            hook(AfterStart),
            hook(BeforeStop),
            hook(BeforeStop),
            hook(AfterStop),
        ],
        reload_hooks: vec![reload(Succeeds(20)), reload(Fails(5))],
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
            reloads_at: Some(400),
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
pub(crate) fn assert_breaks(rule: &str, breaks: impl FnOnce(&mut Recording)) {
    assert!(RULES.iter().any(|known| known.name == rule), "{rule}");
    let broken = broken_by(breaks);
    assert!(
        broken.contains(&rule),
        "{rule} is kept, and these are broken: {broken:?}"
    );
}

// === entries ===

pub(crate) fn event(is: impl Fn(&Event) -> bool) -> impl Fn(&Entry) -> bool {
    move |entry| matches!(&entry.seen, Seen::Event(event) if is(event))
}

pub(crate) fn sight(part: Part, point: Point, act: Act) -> impl Fn(&Entry) -> bool {
    let wanted = Sight { part, point, act };
    move |entry| matches!(&entry.seen, Seen::Sight(sight) if *sight == wanted)
}

pub(crate) fn place(recording: &Recording, is: impl Fn(&Entry) -> bool) -> usize {
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
pub(crate) fn move_before(
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

pub(crate) fn remove(recording: &mut Recording, is: impl Fn(&Entry) -> bool) {
    let at = place(recording, is);
    recording.entries.remove(at);
}

/// Adds what a part sees at the time of an entry, behind it.
pub(crate) fn add_behind(recording: &mut Recording, is: impl Fn(&Entry) -> bool, seen: Seen) {
    let at = place(recording, is);
    let added = entry(recording, at, seen);
    recording.entries.insert(at + 1, added);
}

/// The last entry that is one of these.
pub(crate) fn last_place(recording: &Recording, is: impl Fn(&Entry) -> bool) -> usize {
    let place = recording.entries.iter().rposition(is);
    place.unwrap_or_else(|| panic!("not in {recording}"))
}

pub(crate) fn is_ready_event(event: &Event) -> bool {
    matches!(event, Event::Ready { .. })
}

pub(crate) const SERVER: Part = Part::Server(0);
pub(crate) const REGISTRY: Part = Part::Registry(0);
pub(crate) const WORKER: Part = Part::Worker(0);

pub(crate) fn act(part: Part, point: Point, act: Act) -> Seen {
    Seen::Sight(Sight { part, point, act })
}
