//! The failures in the app of a test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::{AppHandle, Event, Stamped};

/// How many failures are kept: the first ones, as the cause is among them.
const KEPT: usize = 256;

/// The failures of an app, a line each, by the number of their event. The handle has the last events
/// alone, and an observer has an event a moment late, so both give what they have.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures(Arc<Mutex<BTreeMap<u64, String>>>);

impl Failures {
    /// Keeps the event when it is a failure.
    pub(super) fn record(&self, stamped: &Stamped) {
        let line = match &stamped.event {
            Event::Failed { error } => format!("\n- the app has failed: {error}"),
            Event::TaskFailed { task } => format!("\n- a task has failed: {task}"),
            failed @ Event::WorkerFailed { .. } => format!("\n- {failed}"),
            _ => return,
        };
        let mut kept = kit_sync::lock(&self.0);
        if kept.len() < KEPT {
            kept.insert(stamped.number, line);
        }
    }

    /// All of them so far, each after a line break.
    pub(super) fn text(&self, handle: &AppHandle) -> String {
        let recent = handle.events();
        recent.iter().for_each(|event| self.record(event));
        let kept = kit_sync::lock(&self.0);
        let mut text: String = kept.values().map(String::as_str).collect();
        if kept.len() == KEPT {
            text.push_str("\n- there may be others: these are the first");
        }
        text
    }
}
