//! The last steps of a stop.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use kit_app::{App, Event, LastStep, Report, Signals};

fn app() -> kit_app::AppBuilder {
    App::builder("app")
        .signals(Signals::none())
        .drain_delay(Duration::ZERO)
}

async fn run(app: kit_app::AppBuilder) -> Report {
    let app = app.build();
    app.handle().stop("shown");
    app.run().await.expect("a last step changes no exit code")
}

fn names(report: &Report) -> Vec<&str> {
    report
        .last_steps
        .iter()
        .map(|step| &step.name[..])
        .collect()
}

/// Where nothing else runs: a thread waits, and none of the runtime does the work.
#[tokio::test]
async fn steps_come_after_hooks_and_tasks_and_the_log_s_after_the_last_event() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let order = Arc::clone(&order);
        move || kit_sync::lock(&order).push(what)
    };
    let (log, spans, hook, task) = (note("log"), note("spans"), note("hook"), note("task"));
    let stopped = note("last event");
    let app = app()
        .last_step(
            LastStep::new("log", Duration::from_secs(1), move |_| {
                log();
                Vec::new()
            })
            .after_events(),
        )
        .last_step(LastStep::new(
            "spans",
            Duration::from_secs(1),
            move |time| {
                assert!(time <= Duration::from_secs(1), "{time:?}");
                spans();
                vec!["12 spans were dropped".to_owned()]
            },
        ))
        .observer(move |stamped| {
            if let Event::Stopped { .. } = stamped.event {
                stopped();
            }
        })
        .after_stop("hook", move |ctx| async move {
            let token = ctx.scope().token().clone();
            ctx.scope().spawn_value("task", async move {
                token.cancelled().await;
                task();
            });
            hook();
            Ok(())
        });
    let report = run(app).await;
    let order = kit_sync::lock(&order).clone();
    assert_eq!(order, ["hook", "task", "spans", "last event", "log"]);
    assert_eq!(names(&report), ["spans", "log"]);
    let text = report.to_string();
    assert!(text.contains("\n  spans: 12 spans were dropped"), "{text}");
    assert!(!text.contains("log:"), "{text}");
}

/// The last export of metrics counts what observers have seen.
#[tokio::test]
async fn an_observer_that_is_slow_has_seen_what_happened_before_the_first_step() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&seen);
    let at_step = Arc::clone(&seen);
    let step = LastStep::new("metrics", Duration::from_secs(4), move |_| {
        kit_sync::lock(&at_step).clone()
    });
    let app = app()
        .last_step(step)
        .observer(move |stamped| {
            std::thread::sleep(Duration::from_millis(5));
            if let Event::HookEnded { name, .. } = &stamped.event {
                kit_sync::lock(&observed).push(name.clone());
            }
        })
        .after_stop("close", async |_| Ok(()));
    let report = run(app).await;
    assert_eq!(report.last_steps[0].lines, ["close"]);
}

/// A step that takes all of its time, as an export to a collector that says nothing does, is not too late.
#[tokio::test]
async fn a_step_that_takes_all_of_the_time_that_it_is_shown_has_its_lines() {
    let step = LastStep::new("spans", Duration::from_secs(2), |time| {
        assert!(time < Duration::from_secs(2), "{time:?}");
        std::thread::sleep(time);
        vec!["5 spans are unfinished".to_owned()]
    });
    let report = run(app().last_step(step)).await;
    assert_eq!(report.last_steps[0].lines, ["5 spans are unfinished"]);
}

#[tokio::test]
async fn a_step_that_hangs_or_panics_costs_its_limit_and_a_line() {
    let (release, held) = mpsc::channel::<()>();
    let (seen, remarks) = mpsc::channel();
    let hangs = LastStep::new("hangs", Duration::from_millis(50), move |_| {
        let _ = held.recv();
        Vec::new()
    });
    let panics = LastStep::new("panics", Duration::from_secs(1), |_| panic!("on purpose"));
    let app = app()
        .last_step(hangs)
        .last_step(panics)
        .observer(move |stamped| {
            if let Event::Remark { what } = &stamped.event {
                let _ = seen.send(what.clone());
            }
        });
    let report = run(app).await;
    let errors: Vec<_> = report
        .last_steps
        .iter()
        .map(|step| step.error.clone().unwrap())
        .collect();
    assert!(errors[0].starts_with("did not end within "), "{errors:?}");
    assert!(errors[1].contains("on purpose"), "{errors:?}");
    let remarks: Vec<_> = remarks.try_iter().collect();
    assert!(
        remarks[0].starts_with("last step `hangs` did not end within "),
        "{remarks:?}"
    );
    assert_eq!(remarks.len(), 2);
    // One that hangs has not taken more than its limit, and a little for its thread.
    assert!(report.took < Duration::from_secs(5), "{:?}", report.took);
    drop(release);
}

/// What they end has begun before the app: the lines that say why it was refused are among the last of a log.
#[tokio::test]
async fn an_app_that_is_refused_runs_its_last_steps_after_its_last_event() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let order = Arc::clone(&order);
        move || kit_sync::lock(&order).push(what)
    };
    let (log, spans, stopped) = (note("log"), note("spans"), note("last event"));
    let app = app()
        .stop_timeout(Duration::ZERO)
        .last_step(
            LastStep::new("log", Duration::from_secs(1), move |_| {
                log();
                vec!["2 lines were dropped".to_owned()]
            })
            .after_events(),
        )
        .last_step(LastStep::new("spans", Duration::from_secs(1), move |_| {
            spans();
            Vec::new()
        }))
        .observer(move |stamped| {
            if let Event::Stopped { .. } = &stamped.event {
                stopped();
            }
        })
        .build();
    let refused = app.run().await.expect_err("no time for a stop");
    assert_eq!(*kit_sync::lock(&order), ["spans", "last event", "log"]);
    let report = refused.report();
    assert_eq!(names(report), ["spans", "log"]);
    assert_eq!(report.last_steps[1].lines, ["2 lines were dropped"]);
    assert_eq!(report.exit_code, 1);
}

#[tokio::test]
async fn the_worst_case_says_the_time_of_last_steps() {
    let (seen, plans) = mpsc::channel();
    let step = |name, seconds| LastStep::new(name, Duration::from_secs(seconds), |_| Vec::new());
    let app = app()
        .stop_timeout(Duration::from_secs(20))
        .last_step(step("spans", 2))
        .last_step(step("log", 1).after_events())
        .observer(move |stamped| {
            if let Event::Planned { worst_case, .. } = &stamped.event {
                let _ = seen.send(*worst_case);
            }
        })
        .build();
    let handle = app.handle();
    let stop = async {
        handle.started().await.unwrap();
        handle.stop("shown");
    };
    let (report, ()) = tokio::join!(app.run(), stop);
    report.unwrap();
    let plan = plans.recv().unwrap();
    assert_eq!(plan.last_steps, Duration::from_secs(3));
    assert!(
        plan.to_string().starts_with("at most 20s in all: "),
        "{plan}"
    );
    assert!(plan.to_string().ends_with(", last steps 3s"), "{plan}");
}

#[tokio::test]
async fn names_and_limits_are_checked_before_the_start() {
    let step = |name: &str, limit| LastStep::new(name, limit, |_| Vec::new());
    let app = app()
        .last_step(step("twice", Duration::from_secs(1)))
        .last_step(step("twice", Duration::from_secs(1)))
        .last_step(step("no time", Duration::ZERO));
    let error = app.build().run().await.unwrap_err();
    let failures = error.report().failures.join("\n");
    assert!(failures.contains("two last steps"), "{failures}");
    assert!(
        failures.contains("`LastStep::limit` is 0s for the last step `no time`"),
        "{failures}"
    );
}
