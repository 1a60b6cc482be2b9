//! The consumer of events that writes the log.

mod restart_lines;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kit_registry::Endpoint;
use kit_sync::WatchdogEvent;
use kit_transport::{Address, Listening, Stage};
use tracing::{Span, debug, error, error_span, info, warn};

use crate::events::{LOG, Observer, Stamped};
use crate::{AfterFailure, Event, Info, Signal, WorkerKind};
use restart_lines::RestartLines;

/// From this age on an event's line says how old it is: the log's own time is that of the write.
const LATE: Duration = Duration::from_millis(500);

/// Writes each event as one line, with the instance that it is about.
pub(crate) fn observer(info: Info) -> Observer {
    // The consumer is one thread, or under the lock of the emitter.
    let last = AtomicU64::new(0);
    let restarts = RestartLines::default();
    let observe = move |stamped: &Stamped| {
        let missed = stamped.number - 1 - last.swap(stamped.number, Ordering::Relaxed);
        let instance = instance(&info);
        let _inside = instance.enter();
        if missed > 0 {
            warn!(missed, "the log did not take events before this one");
        }
        let age = stamped.at.elapsed();
        let late = (age > LATE).then(|| error_span!("late", by = ?age));
        let _late = late.as_ref().map(Span::enter);
        log(&stamped.event, &restarts);
    };
    Observer {
        name: LOG.to_owned(),
        observe: Box::new(observe),
    }
}

/// The span of each line about this instance, inside no other.
///
/// At the level of errors, so that no filter takes the instance from a line it lets pass. Not `name`: the
/// span has one itself, and JSON would have the key twice.
pub(crate) fn instance(info: &Info) -> Span {
    let (service, version, id) = (info.name(), info.version(), info.id());
    error_span!(parent: None, "app", service, version, id)
}

/// One arm for each event, and one line for each arm: the level says what a reader has to do about
/// it. Debug is for steps whose end has a line, and for failures that the next event repeats; the
/// fields carry the values, so that the text of a line stays the same from run to run.
fn log(event: &Event, restarts: &RestartLines) {
    match event {
        Event::Entered {
            stage: Stage::LameDuck,
        } => {
            info!("lame duck: health is down");
        }
        Event::Entered { stage } => debug!(%stage, "entered"),
        Event::SignalsReady { stop } => match names(stop) {
            Some(names) => info!("signal handlers stand: {names} stop cleanly"),
            None => info!("signal handlers stand: none stops"),
        },
        Event::AdminStarted { listening } => {
            for listening in listening {
                match listening.address() {
                    Address::Ip(address) => info!(admin = %address, "listening"),
                    _ => info!(admin = %listening.address(), "listening"),
                }
            }
        }
        Event::Planned {
            profile,
            why,
            worst_case,
            orchestrator,
        } => {
            let advice = orchestrator.advice(worst_case);
            let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
            if worst_case.drain_delay_cut_from().is_some() || orchestrator.cuts(worst_case) {
                warn!(drain_profile = %profile, %why, %orchestrator, "a stop takes {worst_case}{advice}");
            } else {
                info!(drain_profile = %profile, %why, %orchestrator, "a stop takes {worst_case}{advice}");
            }
        }
        Event::HookStarting { stage, name } => debug!(%stage, hook = name, "hook starts"),
        Event::HookEnded {
            stage,
            name,
            took,
            error: None,
        } => {
            info!(%stage, hook = name, ?took, "hook ended");
        }
        Event::HookEnded {
            stage,
            name,
            took,
            error: Some(error),
        } => {
            // The failure or the remark that it is comes next.
            debug!(%stage, hook = name, ?took, %error, "hook failed");
        }
        Event::ResourceOpening { name } => debug!(resource = name, "opening"),
        Event::ResourceOpened { name, took } => info!(resource = name, ?took, "open"),
        Event::ResourceClosing { name } => debug!(resource = name, "closing"),
        Event::ResourceClosed {
            name,
            took,
            error: None,
        } => info!(resource = name, ?took, "closed"),
        Event::ResourceClosed {
            name,
            took,
            error: Some(error),
        } => {
            // The failure comes next.
            debug!(resource = name, ?took, %error, "not closed");
        }
        Event::ComponentStarting { name, phase } => debug!(component = name, %phase, "starting"),
        Event::ComponentStarted {
            name,
            listening,
            took,
        } if listening.is_empty() => {
            if restarts.has_jobs_only(name) {
                debug!(component = name, ?took, "started");
            } else {
                info!(component = name, ?took, "started");
            }
        }
        Event::ComponentStarted {
            name, listening, ..
        } => {
            listening
                .iter()
                .for_each(|listening| log_listening(name, listening));
        }
        Event::LoopbackAdvertised { endpoints, why } => {
            warn!(endpoints = joined(endpoints), %why, "other machines cannot reach what registries show");
        }
        Event::CheckFailed {
            name,
            required: true,
            reason,
        } => warn!(check = name, %reason, "a check fails: not ready"),
        Event::CheckFailed { name, reason, .. } => warn!(check = name, %reason, "a check fails"),
        Event::CheckPassed { name, .. } => info!(check = name, "a check passes"),
        Event::DrainBegan { why } => {
            info!(%why, "drain: health is down, everything is served");
        }
        Event::Drained { took } => info!(?took, "drained: nothing new is to come"),
        Event::DrainEnded => info!("the drain is taken back"),
        Event::Registering {
            registry,
            endpoints,
        } => debug!(%registry, endpoints = joined(endpoints), "registering"),
        Event::Registered { registry } => info!(%registry, "registered"),
        Event::RegistrationLost {
            registry,
            why,
            failures,
        } => {
            warn!(%registry, %why, "not registered{failures}: going on trying");
        }
        Event::RegistrationOutdated {
            registry,
            why,
            failures,
        } => {
            warn!(%registry, %why, "a change is not registered{failures}: going on trying");
        }
        Event::Ready {
            took,
            stop,
            not_ready,
        } => {
            let (ways, why) = (ways(stop), not_ready.join(", "));
            match (ways, not_ready.is_empty()) {
                (Some(ways), true) => info!(?took, "ready: stop with {ways}"),
                (None, true) => info!(?took, "ready"),
                (Some(ways), false) => {
                    info!(?took, "started, not ready: {why}; stop with {ways}");
                }
                (None, false) => info!(?took, "started, not ready: {why}"),
            }
        }
        Event::Failed { error } => error!("{error}"),
        Event::Remark { what } => warn!("{what}"),
        Event::WorkerStarted {
            component,
            kind,
            path,
        } => {
            restarts.mark_begun(component, *kind, path);
            match kind {
                WorkerKind::Worker => debug!(worker = path, "begins"),
                // Its end has a line, too.
                WorkerKind::Job => info!(job = path, "job begins"),
            }
        }
        Event::WorkerFailed {
            path,
            why,
            then: AfterFailure::Stop,
            ..
        } => {
            // The failure that it is comes next.
            debug!(worker = path, %why, "failed");
        }
        Event::WorkerFailed {
            kind,
            path,
            why,
            then: then @ AfterFailure::Restart { .. },
            ..
        } => match restarts.record(path, why) {
            Some(failures) => warn!(worker = path, %why, "a {kind} has failed{failures}: {then}"),
            None => debug!(worker = path, %why, "a {kind} has failed: {then}"),
        },
        Event::WorkerFailed {
            kind,
            path,
            why,
            then,
            ..
        } => warn!(worker = path, %why, "a {kind} has failed: {then}"),
        Event::WorkerEnded {
            kind: WorkerKind::Job,
            path,
            took,
            ..
        } => info!(job = path, ?took, "job ended"),
        Event::WorkerEnded { path, .. } => debug!(worker = path, "ended"),
        Event::ComponentEnded { name } => debug!(component = name, "all tasks have ended"),
        Event::TaskFailed { task } => {
            let (path, spawned_at) = (task.path(), task.spawned_at());
            warn!(task = path, %spawned_at, "a task {}", task.outcome());
        }
        Event::Waiting { what, since } => warn!("waiting for {what} ({since:.1?} so far)"),
        Event::StopAsked { failed: true, .. } => info!("stopping because of the failure"),
        Event::StopAsked { cause, .. } => info!(%cause, "stopping"),
        Event::Forced { signal } => warn!(%signal, "ending by force"),
        Event::SignalRepeated { signal } => debug!(%signal, "stopping already"),
        Event::NextForces { signal } => {
            warn!(%signal, "stopping already: once more forces");
        }
        Event::NothingToReload { signal } => info!(%signal, "nothing to reload: going on"),
        Event::ReloadStarting { cause } => info!(%cause, "reloading"),
        Event::ReloadHookEnded {
            name,
            took,
            error: None,
        } => info!(hook = name, ?took, "reload hook ended"),
        Event::ReloadHookEnded {
            name,
            took,
            error: Some(error),
        } => warn!(hook = name, ?took, "{error}"),
        Event::Reloaded { took, failed: 0 } => info!(?took, "reloaded"),
        Event::Reloaded { took, failed } => warn!(?took, failed, "reloaded, not all of it"),
        Event::Dumped {
            signal,
            components,
            tree,
        } => {
            // A line each: one text of many lines is one line of a log in JSON, and cut by others.
            info!(%signal, "the components and the task tree:");
            components.iter().for_each(|component| info!("{component}"));
            tree.lines().for_each(|line| info!("{line}"));
        }
        Event::Deregistered {
            registry,
            took,
            error: None,
        } => {
            info!(%registry, ?took, "deregistered");
        }
        Event::Deregistered {
            registry,
            took,
            error: Some(error),
        } => {
            warn!(%registry, ?took, %error, "deregistration not confirmed: the lease will end it");
        }
        Event::DrainDelay {
            delay,
            cut_from: None,
        } => info!(?delay, "drain delay"),
        Event::DrainDelay {
            delay,
            cut_from: Some(wanted),
        } => {
            warn!(
                ?delay,
                ?wanted,
                "drain delay, cut because the deadline is near"
            );
        }
        Event::ComponentStopping { name } => debug!(component = name, "draining"),
        Event::ComponentStopped {
            name,
            took,
            drained,
            cut,
        } => {
            let drained = drained.as_ref().map(tracing::field::display);
            match cut {
                None => info!(component = name, ?took, drained, "stopped"),
                Some(cut) => {
                    info!(component = name, ?took, drained, %cut, "stopped, not all had ended");
                }
            }
        }
        Event::Watchdog(event @ WatchdogEvent::RuntimeBack { .. }) => info!("{event}"),
        Event::Watchdog(event) => warn!("{event}"),
        Event::RunDropped => warn!("the run was dropped: nothing is drained or deregistered"),
        Event::Stopped { took, exit_code } => info!(?took, exit_code, "stopped"),
    }
}

fn joined(endpoints: &[Endpoint]) -> String {
    let endpoints: Vec<_> = endpoints.iter().map(Endpoint::as_str).collect();
    endpoints.join(",")
}

/// `SIGTERM, SIGINT and SIGQUIT`.
fn names(signals: &[Signal]) -> Option<String> {
    let (last, others) = signals.split_last()?;
    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
    Some(match &others[..] {
        [] => last.to_string(),
        others => format!("{} and {last}", others.join(", ")),
    })
}

/// `Ctrl-C or SIGTERM`: one for people at a terminal and one for everything else, if they are there.
fn ways(stop: &[Signal]) -> Option<String> {
    let has_ctrl_c = stop.contains(&Signal::INT);
    let other = stop.iter().find(|signal| **signal != Signal::INT);
    let ctrl_c = has_ctrl_c.then(|| "Ctrl-C".to_owned());
    let ways: Vec<_> = ctrl_c
        .into_iter()
        .chain(other.map(Signal::to_string))
        .collect();
    (!ways.is_empty()).then(|| ways.join(" or "))
}

// The name of the field is the protocol; tracing wants it in the source.
fn log_listening(name: &str, listening: &Listening) {
    if listening.is_private() {
        // Its name tells it from the public ones.
        info!(component = name, %listening, "listening, not advertised");
        return;
    }
    match (listening.scheme(), listening.address()) {
        ("http", Address::Ip(address)) => info!(component = name, http = %address, "listening"),
        ("https", Address::Ip(address)) => info!(component = name, https = %address, "listening"),
        ("grpc", Address::Ip(address)) => info!(component = name, grpc = %address, "listening"),
        ("grpcs", Address::Ip(address)) => info!(component = name, grpcs = %address, "listening"),
        _ => info!(component = name, %listening, "listening"),
    }
}

#[cfg(test)]
mod tests;
