//! A case that breaks a rule becomes small, and its text is a test that compiles.

use kit_app::{Event, HookStage};
use kit_testing::recording::{Act, Point, Recording};
use kit_testing::rules::{Rule, check};
use kit_testing::script::as_rust;
use kit_testing::script::prelude::*;
use kit_testing::{Case, Failure, run, simulate};

/// The first run of many that breaks a rule which is wrong on purpose.
fn found(rule: Rule) -> Failure {
    *simulate(0..10_000, &[rule]).expect_err("some run breaks it")
}

fn no_hook_of_a_stop_panics(_: &Script, recording: &Recording) -> Result<(), String> {
    let mut sights = recording.sights();
    let panics = |stage: HookStage| kit_testing::recording::Part::Hook(stage, 0);
    let panicked = sights.find(|(_, sight)| {
        sight.is(Point::Call, Act::Panics)
            && matches!(sight.part, kit_testing::recording::Part::Hook(stage, _)
                if panics(stage) != panics(HookStage::BeforeStart) && stage == HookStage::AfterStop)
    });
    panicked.map_or(Ok(()), |(at, sight)| Err(format!("{sight} at {at:?}")))
}

#[test]
fn what_does_not_belong_to_a_failure_is_left_out() {
    let rule = Rule::new(
        "calm",
        "No hook of after_stop panics.",
        no_hook_of_a_stop_panics,
    );
    let failure = found(rule);
    let smallest = &failure.smallest;
    assert_eq!(
        smallest.script,
        Script {
            hooks: vec![HookScript {
                stage: AfterStop,
                call: Panics(0),
                spawns: None,
            }],
            ..Script::default()
        },
        "{failure}"
    );
    assert_eq!(smallest.interruption, Interruption::none());
    assert_eq!(failure.violation.rule, "calm");
}

/// A rule that needs two parts and a signal at the right place.
fn nothing_is_forced_while_a_resource_opens(
    _: &Script,
    recording: &Recording,
) -> Result<(), String> {
    let mut opens = 0;
    for (_, event) in recording.events() {
        match event {
            Event::ResourceOpening { .. } => opens += 1,
            Event::ResourceOpened { .. } => opens -= 1,
            Event::Forced { .. } if opens > 0 => return Err("forced".to_owned()),
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn an_interruption_is_kept_where_it_is_needed() {
    let rule = Rule::new(
        "unforced",
        "No stop is forced while a resource opens.",
        nothing_is_forced_while_a_resource_opens,
    );
    let failure = found(rule);
    let Case {
        script,
        interruption,
    } = &failure.smallest;
    assert_eq!(script.resources.len(), 1, "{failure}");
    let others = [
        script.servers.len(),
        script.workers.len(),
        script.jobs.len(),
        script.hooks.len(),
        script.registries.len(),
        script.checks.len(),
    ];
    assert_eq!(others, [0; 6], "{failure}");
    assert!(
        matches!(&interruption.what, Signals(signals) if signals.len() <= 2),
        "{failure}"
    );
    // The same rule holds for the smallest case, and is broken by it again.
    let recording = run(script, interruption);
    assert_eq!(check(&[rule], script, &recording).len(), 1);
}

/// The text of a case, as it is printed, stands below as a test.
#[test]
fn a_printed_case_is_a_test_that_compiles() {
    let text = as_rust("printed", &script(), &interruption());
    let squeezed = |text: &str| {
        text.split_whitespace()
            .collect::<String>()
            .replace(",]", "]")
    };
    let here = squeezed(include_str!("shrinks.rs"));
    let printed = squeezed(&text.replace(", }", " }"));
    assert!(
        here.replace(",}", "}")
            .contains(&printed.replace(",}", "}")),
        "{text}"
    );
}

#[test]
fn printed() {
    let script = Script {
        servers: vec![ServerScript {
            phase: 200,
            start: Succeeds(10),
            life: Drains(5),
            stop: Hangs,
            latch: OpensAfter(3),
            spawns: Some(NeverEnds),
        }],
        workers: vec![WorkerScript {
            phase: 100,
            on_failure: BeginsAnew(2),
            takes_every: 100,
            item_takes: 7,
            runs: vec![PanicsAfter(1), Drains(0)],
        }],
        hooks: vec![HookScript {
            stage: BeforeStop,
            call: FailsAtCancel,
            spawns: None,
        }],
        ..Script::default()
    };
    let interruption = Interruption {
        event: 3,
        after: 0,
        what: Signals(vec![(0, 15), (100, 2)]),
    };
    kit_testing::assert_holds(&script, &interruption);
}

fn script() -> Script {
    Script {
        servers: vec![ServerScript {
            phase: 200,
            start: Succeeds(10),
            life: Drains(5),
            stop: Hangs,
            latch: OpensAfter(3),
            spawns: Some(NeverEnds),
        }],
        workers: vec![WorkerScript {
            phase: 100,
            on_failure: BeginsAnew(2),
            takes_every: 100,
            item_takes: 7,
            runs: vec![PanicsAfter(1), Drains(0)],
        }],
        hooks: vec![HookScript {
            stage: BeforeStop,
            call: FailsAtCancel,
            spawns: None,
        }],
        ..Script::default()
    }
}

fn interruption() -> Interruption {
    Interruption {
        event: 3,
        after: 0,
        what: Signals(vec![(0, 15), (100, 2)]),
    }
}
