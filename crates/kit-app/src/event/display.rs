//! Events as lines of text.

use std::fmt;

use super::Event;
use crate::plural::plural;

/// One line; more where it holds a tree of tasks.
impl fmt::Display for Event {
    /// One arm for each event, as in the log.
    ///
    /// The log has fields and levels instead, so the words are not shared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Entered { stage } => write!(f, "entered {stage}"),
            Event::SignalsReady { stop } => write!(f, "signal handlers stand: {stop:?} stop"),
            Event::AdminStarted { listening } => {
                write!(f, "the admin server listens at ")?;
                list(f, listening)
            }
            Event::Planned {
                profile,
                why,
                worst_case,
                orchestrator,
            } => {
                let advice = orchestrator.advice(worst_case);
                write!(
                    f,
                    "drain profile {profile} ({why}): a stop takes {worst_case}"
                )?;
                advice.map_or(Ok(()), |advice| write!(f, "; {advice}"))
            }
            Event::HookStarting { stage, name } => write!(f, "{stage} hook {name} starts"),
            Event::HookEnded {
                stage,
                name,
                took,
                error,
            } => {
                write!(f, "{stage} hook {name} ended after {took:.1?}")?;
                because(f, error.as_deref())
            }
            Event::ResourceOpening { name } => write!(f, "resource {name} opens"),
            Event::ResourceOpened { name, took } => {
                write!(f, "resource {name} is open after {took:.1?}")
            }
            Event::ComponentStarting { name, phase } => write!(f, "{name} starts ({phase})"),
            Event::ComponentStarted {
                name,
                listening,
                took,
            } => {
                write!(f, "{name} started after {took:.1?}")?;
                if !listening.is_empty() {
                    write!(f, ", listening at ")?;
                }
                list(f, listening)
            }
            Event::WorkerStarted { kind, path, .. } => write!(f, "{kind} {path} begins"),
            Event::WorkerFailed {
                kind,
                path,
                why,
                then,
                ..
            } => write!(f, "{kind} {path} has failed: {why}: {then}"),
            Event::WorkerEnded {
                kind, path, took, ..
            } => {
                write!(f, "{kind} {path} has ended after {took:.1?}")
            }
            Event::ComponentEnded { name } => write!(f, "{name} has ended"),
            Event::TaskFailed { task } => write!(f, "task {task}"),
            Event::Waiting { what, since } => write!(f, "waiting for {what} ({since:.1?})"),
            Event::LoopbackAdvertised { endpoints, why } => {
                write!(f, "only this machine can reach ")?;
                list(f, endpoints)?;
                write!(f, ": {why}")
            }
            Event::CheckFailed { name, reason, .. } => write!(f, "check {name} fails: {reason}"),
            Event::CheckPassed { name, .. } => write!(f, "check {name} passes"),
            Event::DrainBegan { why } => write!(f, "a drain begins: {why}"),
            Event::Drained { took } => write!(f, "drained after {took:.1?}"),
            Event::DrainEnded => f.write_str("the drain is taken back"),
            Event::Registering {
                registry,
                endpoints,
            } => {
                write!(f, "registering in {registry}: ")?;
                list(f, endpoints)
            }
            Event::Registered { registry } => write!(f, "registered in {registry}"),
            Event::RegistrationLost {
                registry,
                why,
                failures,
            } => write!(f, "not registered in {registry}{failures}: {why}"),
            Event::RegistrationOutdated {
                registry,
                why,
                failures,
            } => write!(
                f,
                "a change is not registered in {registry}{failures}: {why}"
            ),
            Event::Ready {
                took, not_ready, ..
            } if not_ready.is_empty() => write!(f, "ready after {took:.1?}"),
            Event::Ready {
                took, not_ready, ..
            } => {
                write!(f, "started after {took:.1?}, not ready: ")?;
                list(f, not_ready)
            }
            Event::Failed { error } => write!(f, "failed: {error}"),
            Event::Remark { what } => f.write_str(what),
            Event::StopAsked { cause, .. } => write!(f, "stopping: {cause}"),
            Event::Forced { signal } => write!(f, "{signal} forces the stop"),
            Event::SignalRepeated { signal } => write!(f, "{signal} while the app stops"),
            Event::NextForces { signal } => write!(f, "{signal}: once more forces the stop"),
            Event::ReloadStarting { cause } => write!(f, "a reload begins: {cause}"),
            Event::ReloadHookEnded { name, took, error } => {
                write!(f, "reload hook {name} ended after {took:.1?}")?;
                because(f, error.as_deref())
            }
            Event::Reloaded { took, failed: 0 } => write!(f, "reloaded after {took:.1?}"),
            Event::Reloaded { took, failed } => {
                let failed = plural(*failed, "hook");
                write!(f, "reloaded after {took:.1?}, {failed} failed")
            }
            Event::NothingToReload { signal } => write!(f, "{signal}: nothing can be read again"),
            Event::Dumped { signal, tree, .. } => write!(f, "{signal}:\n{tree}"),
            Event::Deregistered {
                registry,
                took,
                error,
            } => {
                write!(f, "deregistered from {registry} after {took:.1?}")?;
                because(f, error.as_deref())
            }
            Event::DrainDelay { delay, cut_from } => {
                write!(f, "everything is served for {delay:.1?}")?;
                match cut_from {
                    Some(wanted) => write!(f, ", cut from {wanted:.1?}"),
                    None => Ok(()),
                }
            }
            Event::ComponentStopping { name } => write!(f, "{name} drains"),
            Event::ComponentStopped {
                name, took, cut, ..
            } => {
                write!(f, "{name} stopped after {took:.1?}")?;
                because(f, cut.as_deref())
            }
            Event::ResourceClosing { name } => write!(f, "resource {name} closes"),
            Event::ResourceClosed { name, took, error } => {
                write!(f, "resource {name} is closed after {took:.1?}")?;
                because(f, error.as_deref())
            }
            Event::Watchdog(event) => event.fmt(f),
            Event::RunDropped => f.write_str("the run was dropped"),
            Event::Stopped { took, exit_code } => {
                write!(f, "stopped after {took:.1?} with exit code {exit_code}")
            }
        }
    }
}

fn because(f: &mut fmt::Formatter<'_>, error: Option<&str>) -> fmt::Result {
    match error {
        Some(error) => write!(f, ": {error}"),
        None => Ok(()),
    }
}

fn list(f: &mut fmt::Formatter<'_>, all: &[impl fmt::Display]) -> fmt::Result {
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        one.fmt(f)?;
    }
    Ok(())
}
