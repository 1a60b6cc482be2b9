//! The app of a script.

use std::sync::Arc;
use std::time::Duration;

use kit_app::{App, AppBuilder, CheckOptions, Delivery, LastStep, RegisterAtStart};

use super::interrupter::Interrupter;
use crate::cast::{
    Log, ScriptedRegistry, ScriptedServer, add_groups, add_hooks, add_jobs, add_reload_hooks,
    add_resources, add_workers, call, nth,
};
use crate::recording::{Act, Part, Point};
use crate::script::{LastStepScript, Options, Script};

/// The app of a script: everything is added by its place in the script, which is a part of its name. Signals, the
/// parent, deaths and losses come from the interrupter, which sees every event, too.
pub(super) fn app(script: &Script, log: &Log, interrupter: &Arc<Interrupter>) -> App {
    let observer = Arc::clone(interrupter);
    let mut app = App::builder("app")
        .id("1")
        .signals(interrupter.signals())
        .parent(interrupter.parent.clone())
        .event_delivery(Delivery::Inline)
        .observer(move |stamped| observer.observe(stamped));
    app = limits(app, &script.options);
    if let Ok(endpoint) = "http://10.0.0.1:80".parse() {
        // The interfaces of the machine are no part of a run.
        app = app.endpoint(endpoint);
    }
    app = add_resources(app, script, log);
    for (index, script) in script.servers.iter().enumerate() {
        app = app.server(ScriptedServer {
            script: script.clone(),
            index,
            name: Part::Server(index).to_string(),
            log: log.clone(),
            dies: Arc::clone(&interrupter.deaths[index]),
        });
    }
    app = add_workers(app, script, log);
    app = add_groups(app, script, log);
    app = add_jobs(app, script, log);
    app = add_hooks(app, script, log);
    app = add_reload_hooks(app, script, log);
    for (index, script) in script.registries.iter().enumerate() {
        let registry = ScriptedRegistry {
            script: script.clone(),
            index,
            log: log.clone(),
            loses: Arc::clone(&interrupter.losses[index]),
            shows: tokio::sync::watch::Sender::new(false),
            registers: 0.into(),
            deregisters: 0.into(),
        };
        app = app.registrar(Part::Registry(index).to_string(), registry);
    }
    app = add_checks(app, script, log);
    for (index, step) in script.last_steps.iter().enumerate() {
        app = app.last_step(last_step(index, step, log));
    }
    app.build()
}

fn limits(app: AppBuilder, options: &Options) -> AppBuilder {
    let millis = Duration::from_millis;
    let at_start = if options.background {
        RegisterAtStart::Background
    } else {
        RegisterAtStart::default()
    };
    app.stop_timeout(millis(options.stop))
        .start_timeout(millis(options.start))
        .hook_timeout(millis(options.hook))
        .reload_timeout(millis(options.reload))
        .gate_timeout(millis(options.gate))
        .register_timeout(millis(options.register))
        .drain_delay(options.drain_delay.map(millis))
        .register_at_start(at_start)
}

fn add_checks(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, script) in script.checks.iter().enumerate() {
        let period = Duration::from_millis(script.period);
        let mut options = CheckOptions::new().period(period).failure_threshold(1);
        if !script.required {
            options = options.informational();
        }
        let (part, runs, log) = (Part::Check(index), script.runs.clone(), log.clone());
        let number = std::sync::atomic::AtomicUsize::new(0);
        app = app.check_with(part.to_string(), options, move |_| {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (run, log) = (nth(&runs, number), log.clone());
            async move { call(run, None, log.begin(part, Point::Call)).await }
        });
    }
    app
}

fn last_step(index: usize, script: &LastStepScript, log: &Log) -> LastStep {
    let (part, panics, log) = (Part::LastStep(index), script.panics, log.clone());
    let limit = Duration::from_millis(script.limit);
    let step = LastStep::new(part.to_string(), limit, move |_| {
        let open = log.begin(part, Point::Call);
        if panics {
            open.end(Act::Panics);
            std::panic::resume_unwind(Box::new("the last step panics".to_owned()));
        }
        open.end(Act::Ends);
        Vec::new()
    });
    if script.after_events {
        step.after_events()
    } else {
        step
    }
}
