//! The answers to the three probes, from the state of the app as it is now.

use kit_registry::RegistrationState;
use kit_transport::Stage;

use super::probe::{Fact, Probe};
use super::status::{CheckState, CheckStatus};
use crate::core::Core;
use crate::{ComponentState, ComponentStatus, RegistrationStatus, WorkerState, WorkerStatus};

/// Whether the runtime makes progress.
pub(crate) fn liveness(core: &Core) -> Probe {
    Probe::new("live", vec![runtime(core)])
}

/// Whether the start is complete. A stop that comes later changes nothing of that.
pub(crate) fn startup(core: &Core) -> Probe {
    Probe::new("started", vec![started(core)])
}

/// Whether the app may receive traffic.
///
/// The request to stop is looked at, not the stage: it comes first, and a client that notices
/// anything of a stop finds that this is a no already.
pub(crate) fn readiness(core: &Core) -> Probe {
    let mut facts = vec![started(core), stop(core), drain(core), runtime(core)];
    facts.extend(core.health.statuses().iter().map(check));
    facts.extend(core.registrations.statuses().iter().map(registration));
    let components = core.journal.components();
    facts.extend(components.iter().map(|of| component(of, core)));
    let workers = components.iter().flat_map(|component| &component.workers);
    facts.extend(workers.filter(|of| of.has_news()).map(worker));
    Probe::new("ready", facts)
}

/// Why an app whose start is complete is not ready, in words for a line; empty when it is.
pub(crate) fn why_not_ready(core: &Core) -> Vec<String> {
    let readiness = readiness(core);
    let why = |fact: &Fact| match fact.name.as_str() {
        "drain" => match core.control.drain_so_far() {
            Some(drain) => format!("drained ({})", drain.why),
            None => "drained".to_owned(),
        },
        "stop" => format!("stopping ({})", fact.detail),
        name if name.starts_with("check ") => format!("{name} fails"),
        _ => format!("{}: {}", fact.name, fact.detail),
    };
    // The start ends with the event that tells these.
    let others = readiness.reasons().filter(|fact| fact.name != "started");
    others.map(why).collect()
}

/// Whether health answers are a yes, as long as the app runs.
pub(super) fn is_healthy(core: &Core) -> bool {
    core.control.drain_so_far().is_none() && core.health.passes()
}

fn started(core: &Core) -> Fact {
    match core.health.started_at() {
        Some(since) => {
            let detail = format!("ready {:.1?} ago", since.elapsed());
            Fact::new("started", true, detail)
        }
        None => Fact::new("started", false, format!("not ready yet: {}", core.stage())),
    }
}

fn stop(core: &Core) -> Fact {
    match core.control.request_so_far() {
        Some(asked) => Fact::new("stop", false, asked.cause.to_string()),
        None if core.stage() == Stage::Stopped => Fact::new("stop", false, "stopped"),
        None => Fact::new("stop", true, "none"),
    }
}

fn drain(core: &Core) -> Fact {
    match core.control.drain_so_far() {
        Some(drain) => {
            let since = drain.at.elapsed();
            Fact::new("drain", false, format!("{}, {since:.1?} ago", drain.why))
        }
        None => Fact::new("drain", true, "none"),
    }
}

fn runtime(core: &Core) -> Fact {
    match core.health.liveness().silent() {
        Some(silent) => {
            let detail = format!("it has polled nothing for {silent:.1?}");
            Fact::new("runtime", false, detail)
        }
        None => Fact::new("runtime", true, "it makes progress"),
    }
}

fn check(check: &CheckStatus) -> Fact {
    let passes = check.state == CheckState::Passing;
    let fact = Fact::new(format!("check {}", check.name), passes, check.to_string());
    if check.required {
        fact
    } else {
        fact.informational()
    }
}

/// A registry that is down is no reason to refuse what comes by another way.
fn registration(registration: &RegistrationStatus) -> Fact {
    let passes = matches!(registration.state, RegistrationState::Registered);
    let name = format!("registration {}", registration.registry);
    Fact::new(name, passes, registration.state.to_string()).informational()
}

/// The failure of a component stops the app, or is mended by its policy. An end is good when it stops
/// nothing, and no worker has failed.
fn component(component: &ComponentStatus, core: &Core) -> Fact {
    let mut workers = component.workers.iter();
    let passes = match component.state {
        ComponentState::Running => true,
        ComponentState::Ended if component.workers.is_empty() => !core.control.is_asked(),
        ComponentState::Ended => workers.all(|of| of.state == WorkerState::Ended),
        _ => false,
    };
    let name = format!("component {}", component.name);
    Fact::new(name, passes, component.state.to_string()).informational()
}

/// A worker that has failed or begun anew, with the reason.
fn worker(worker: &WorkerStatus) -> Fact {
    let passes = matches!(worker.state, WorkerState::Running | WorkerState::Ended);
    let name = format!("worker {}", worker.path);
    Fact::new(name, passes, worker.describe()).informational()
}
