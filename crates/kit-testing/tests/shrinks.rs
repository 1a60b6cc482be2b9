//! A case that breaks a rule becomes small, and its text is a test that compiles.

use kit_app::Event;
use kit_testing::recording::{Act, Part, Point, Recording};
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
    let panicked = sights.find(|(_, sight)| {
        sight.is(Point::Call, Act::Panics) && matches!(sight.part, Part::Hook(AfterStop, _))
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

/// A rule that needs a part and a signal at the right place.
fn nothing_is_forced_while_an_open_hangs(
    script: &Script,
    recording: &Recording,
) -> Result<(), String> {
    let mut opening = None;
    for (_, event) in recording.events() {
        match event {
            Event::ResourceOpening { name } => opening = Some(name),
            Event::ResourceOpened { .. } => opening = None,
            Event::Forced { .. } => break,
            _ => {}
        }
    }
    let mut resources = script.resources.iter().enumerate();
    let hangs = resources.any(|(index, resource)| {
        resource.open == Hangs && opening == Some(&Part::Resource(index).to_string())
    });
    if hangs && recording.is_forced() {
        return Err("forced".to_owned());
    }
    Ok(())
}

#[test]
fn an_interruption_is_kept_where_it_is_needed() {
    let rule = Rule::new(
        "unforced",
        "No stop is forced while an open hangs.",
        nothing_is_forced_while_an_open_hangs,
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
        script.groups.len(),
        script.jobs.len(),
        script.hooks.len(),
        script.reload_hooks.len(),
        script.registries.len(),
        script.checks.len(),
    ];
    assert_eq!(others, [0; 8], "{failure}");
    assert!(
        matches!(&interruption.what, Signals(signals) if signals.len() <= 2),
        "{failure}"
    );
    // The same rule holds for the smallest case, and is broken by it again.
    let recording = run(script, interruption);
    assert_eq!(check(&[rule], script, &recording).len(), 1);
}

/// Takes a printed test as a test, and gives its text and its case.
macro_rules! printed {
    (
        #[test]
        fn $name:ident() {
            let script = $script:expr;
            let interruption = $interruption:expr;
            kit_testing::assert_holds(&script, &interruption);
        }
    ) => {
        #[test]
        fn $name() {
            let script = $script;
            let interruption = $interruption;
            kit_testing::assert_holds(&script, &interruption);
        }

        const TEXT: &str = stringify!(
            #[test]
            fn $name() {
                let script = $script;
                let interruption = $interruption;
                kit_testing::assert_holds(&script, &interruption);
            }
        );

        fn printed_case() -> Case {
            Case {
                script: $script,
                interruption: $interruption,
            }
        }
    };
}

printed! {
    #[test]
    fn printed() {
        let script = Script {
            options: Options { stop: 20_000, start: 15_000, hook: 300_000, reload: 1_000, gate: 300_000, register: 8_000, drain_delay: Some(0), background: false, reloads_at: Some(20), ends_at: 10_000, seed: 0 },
            servers: vec![
                ServerScript { phase: 200, start: Succeeds(10), life: Drains(5), stop: Hangs, latch: OpensAfter(3), spawns: Some(NeverEnds) },
            ],
            workers: vec![
                WorkerScript { phase: 100, on_failure: BeginsAnew(2), takes_every: 100, item_takes: 7, latch: NoLatch, runs: vec![PanicsAfter(1), Drains(0)] },
            ],
            groups: vec![
                GroupScript { phase: 100, anew: Rest, restarts: 2, restart_limit: 1_000, members: vec![Lives { takes_every: 0, item_takes: 0, runs: vec![FailsAfter(9), Drains(0)] }, Repeats { every: 500, runs: vec![Succeeds(1)] }] },
            ],
            jobs: vec![
                JobScript { phase: 50, on_failure: StopsApp, every: None, awaited: Some(200), runs: vec![Succeeds(2)] },
            ],
            hooks: vec![
                HookScript { stage: BeforeStop, call: FailsAtCancel, spawns: None },
            ],
            reload_hooks: vec![
                ReloadScript { calls: vec![Fails(3), Hangs], spawns: Some(Drains(1)) },
            ],
            resources: vec![
                ResourceScript { open: Succeeds(1), close: Fails(2), spawns: Some(PanicsInDrain(1)) },
            ],
            registries: vec![
                RegistryScript { register: vec![Fails(0), Succeeds(1)], deregister: vec![Succeeds(0)], kept_for: None },
            ],
            checks: vec![
                CheckScript { required: false, period: 1_000, runs: vec![Succeeds(0)] },
            ],
            last_steps: vec![
                LastStepScript { limit: 1, panics: true, after_events: true },
            ],
        };
        let interruption = Interruption { event: 3, after: 0, what: Signals(vec![(0, 15), (100, 2)]) };
        kit_testing::assert_holds(&script, &interruption);
    }
}

/// The test above is the text of its own case: what is printed compiles, and means the same.
#[test]
fn a_printed_case_is_a_test_that_compiles() {
    let Case {
        script,
        interruption,
    } = printed_case();
    let text = as_rust("printed", &script, &interruption);
    let squeezed = |text: &str| {
        let text: String = text.split_whitespace().collect();
        text.replace('_', "").replace(",]", "]").replace(",}", "}")
    };
    assert_eq!(squeezed(&text), squeezed(TEXT));
    // It has parts of every kind.
    assert!(!text.contains("..Script::default()"), "{text}");
}
