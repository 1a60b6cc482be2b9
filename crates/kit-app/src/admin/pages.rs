//! What the admin server shows of the app.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use kit_transport::Listening;
use serde_json::{Value, json};

use super::answers::Answer;
use super::format::{Format, Wanted};
use super::utc::utc;
use crate::tree_text::without_empty;
use crate::{AppHandle, CheckStatus, Fact, Probe, Stamped, WorkerStatus};

/// How to read the text of the tasks.
const LEGEND: &str = "
each line: the name of a task, its age, the place that has spawned it, how often it was polled
  IN A POLL  it runs on a thread now; one that does for long blocks that thread
  unnamed    tasks of one place that have no names, such as connections
  hold       a thing that is no task and that a stop waits for, such as an open listener
";

/// 200 or 503, with the reasons, or with all facts.
pub(super) fn probe(probe: &Probe, wanted: &Wanted) -> Answer {
    let status = if probe.passes {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let text = || {
        if wanted.is_verbose {
            probe.to_string()
        } else {
            probe.summary()
        }
    };
    Answer::new(status, wanted.format, text, || facts(probe, wanted))
}

fn facts(probe: &Probe, wanted: &Wanted) -> Value {
    let fact = |fact: &Fact| {
        json!({
            "name": fact.name,
            "passes": fact.passes,
            "required": fact.required,
            "detail": fact.detail,
        })
    };
    let facts: Vec<Value> = if wanted.is_verbose {
        probe.facts.iter().map(fact).collect()
    } else {
        probe.reasons().map(fact).collect()
    };
    let mut json = json!({ "facts": facts });
    json[probe.what] = probe.passes.into();
    json
}

pub(super) fn info(app: &AppHandle, format: Format) -> Answer {
    let info = app.info();
    let endpoints: Vec<_> = info.endpoints().iter().map(ToString::to_string).collect();
    let metadata = info.metadata();
    let text = || {
        let mut text = format!(
            "name: {}\nversion: {}\nid: {}\nprocess: {}\nendpoints: {}\n",
            info.name(),
            info.version(),
            info.id(),
            std::process::id(),
            endpoints.join(", "),
        );
        for (key, value) in metadata.iter() {
            let _ = writeln!(text, "metadata {key}: {}", value.escape_debug());
        }
        text
    };
    let json = || {
        json!({
            "name": info.name(),
            "version": info.version(),
            "id": info.id(),
            "process": std::process::id(),
            "endpoints": &endpoints,
            "metadata": &*metadata,
        })
    };
    Answer::ok(format, text, json)
}

/// The text leaves out owners of nothing; JSON has them.
pub(super) fn tasks(app: &AppHandle, format: Format) -> Answer {
    let Some(tree) = app.tasks() else {
        return Answer::error(StatusCode::NOT_FOUND, format, "the app does not run yet");
    };
    let text = || {
        let tree = without_empty(tree.clone());
        format!("{tree}{LEGEND}")
    };
    // The tree is plain data: names and numbers.
    let json = || serde_json::to_value(&tree).unwrap_or_default();
    Answer::ok(format, text, json)
}

/// Where everything stands, and the last events.
///
/// Each part is read by itself: what changes meanwhile may be in one of them and not in another.
pub(super) fn lifecycle(app: &AppHandle, format: Format) -> Answer {
    let now = SystemTime::now();
    Answer::ok(format, || story(app, now), || state(app, now))
}

fn story(app: &AppHandle, now: SystemTime) -> String {
    let (readiness, events) = (app.readiness(), app.events());
    let mut text = format!("stage: {}\n{readiness}\n", app.stage());
    for component in app.components() {
        for listening in &component.listening {
            let _ = writeln!(text, "{} listens at {listening}", component.name);
        }
    }
    let _ = writeln!(text, "\nthe last {} events:", events.len());
    for event in &events {
        let _ = writeln!(
            text,
            "{:>5}  {}  {}",
            event.number,
            at(event, now),
            event.event
        );
    }
    text
}

fn state(app: &AppHandle, now: SystemTime) -> Value {
    json!({
        "stage": app.stage().to_string(),
        "live": app.liveness().passes,
        "ready": app.readiness().passes,
        "started": app.startup().passes,
        "drained": app.is_drained(),
        "components": app.components().iter().map(|component| json!({
            "name": component.name,
            "phase": component.phase.to_string(),
            "state": component.state.to_string(),
            "listening": component.listening.iter().map(Listening::to_string).collect::<Vec<_>>(),
            "workers": component.workers.iter().map(worker).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "registrations": app.registrations().iter().map(|registration| json!({
            "registry": registration.registry,
            "state": registration.state.to_string(),
        })).collect::<Vec<_>>(),
        "checks": app.checks().iter().map(check).collect::<Vec<_>>(),
        "events": app.events().iter().map(|event| json!({
            "number": event.number,
            "at": at(event, now),
            "event": event.event.to_string(),
        })).collect::<Vec<_>>(),
    })
}

fn worker(worker: &WorkerStatus) -> Value {
    json!({
        "path": worker.path,
        "state": worker.state.to_string(),
        "restarts": worker.restarts,
        "failures": worker.failures,
        "last_failure": worker.last_failure,
    })
}

fn check(check: &CheckStatus) -> Value {
    json!({
        "name": check.name,
        "required": check.required,
        "state": check.state.to_string(),
        "failures": check.failures,
        "reason": check.reason,
        "age_ms": check.age.map(millis),
        "took_ms": check.took.map(millis),
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The time of an event: the runtime's clock counts from an unknown point, so its age is taken from
/// the time of the day.
fn at(event: &Stamped, now: SystemTime) -> String {
    utc(now.checked_sub(event.at.elapsed()).unwrap_or(now))
}
