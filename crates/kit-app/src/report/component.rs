//! The end of one component: its drain, the work that was cut, its tasks.

use std::fmt;
use std::time::Duration;

use kit_sync::CloseReport;
use kit_transport::{Cut, Cuts, Drained, Listening, Phase};

use super::overdue::{counted, cut_tasks, overdue};
use crate::WorkerStatus;

/// One component.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ComponentReport {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: Phase,
    /// Where it was listening; empty when it never started.
    pub listening: Vec<Listening>,
    /// From the call of its start until it accepted work; `None` when its start has not succeeded.
    pub ready_in: Option<Duration>,
    /// How it has ended.
    pub end: ComponentEnd,
    /// From the moment its scope was cancelled to its end.
    pub took: Duration,
    /// The result of its drain, if it is a server.
    pub drained: Option<Drained>,
    /// What it cut, one entry for each kind of which something was cut.
    pub cuts: Vec<CutReport>,
    /// How its tasks ended.
    pub tasks: CloseReport,
    /// Its workers and jobs: how each has ended, how often it was restarted, and why.
    pub workers: Vec<WorkerStatus>,
}

/// How a component has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ComponentEnd {
    /// It was not ready: its start has failed, or was called off.
    NotReady,
    /// Its tasks had ended before the stop, or have failed in it: the app has failed.
    Failed,
    /// It had not finished at its deadline.
    Cut,
    /// Its tasks had ended before the stop, as they may.
    Finished,
    /// It has finished what was in flight when the app stopped.
    Drained,
}

impl fmt::Display for ComponentEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ComponentEnd::NotReady => "not ready",
            ComponentEnd::Failed => "failed",
            ComponentEnd::Cut => "cut",
            ComponentEnd::Finished => "finished",
            ComponentEnd::Drained => "drained",
        })
    }
}

/// Everything of one kind that a component cut, because it had not ended at the deadline.
///
/// [`Display`](fmt::Display) is the count, the kind and the names: `2 requests (GET /orders/7, …)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CutReport {
    /// The kind.
    pub kind: Cut,
    /// The number of cuts of this kind; at least 1.
    pub count: usize,
    /// The first few of them by name, such as `GET /orders from 10.0.0.7:41000`.
    pub names: Vec<String>,
}

impl CutReport {
    /// One entry for each kind of which something was cut, requests first.
    pub(crate) fn all_of(cuts: &Cuts) -> Vec<CutReport> {
        [Cut::Request, Cut::Stream, Cut::Connection]
            .into_iter()
            .map(|kind| CutReport {
                kind,
                count: cuts.count_of(kind),
                names: cuts.names_of(kind),
            })
            .filter(|cut| cut.count > 0)
            .collect()
    }
}

impl fmt::Display for CutReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.count, &self.kind.to_string(), &self.names))
    }
}

impl ComponentReport {
    /// What makes the exit code 1: requests without their whole answer, and tasks that did not end.
    pub(crate) fn overdue(&self) -> Option<String> {
        let requests = self.cuts.iter().find(|cut| cut.kind == Cut::Request);
        let requests = requests.map(|cut| format!("{}: {cut}", self.name));
        let parts = requests.into_iter().chain(overdue(&self.name, &self.tasks));
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Whether a task that was alive when the stop began has failed.
    pub(crate) fn has_failed_tasks(&self) -> bool {
        let mut tasks = self.tasks.tasks.iter();
        tasks.any(|task| task.outcome().is_failure())
    }

    /// Everything that was cut, counted by kind.
    pub(crate) fn cut(&self) -> Option<String> {
        let cuts = self.cuts.iter();
        let mut parts: Vec<_> = cuts
            .map(|cut| counted(cut.count, &cut.kind.to_string(), &[]))
            .collect();
        parts.extend(cut_tasks(&self.tasks));
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(cuts: Vec<CutReport>, aborted_members: usize) -> ComponentReport {
        let mut tasks = CloseReport::default();
        tasks.aborted_members = aborted_members;
        ComponentReport {
            name: "http".to_owned(),
            phase: Phase::SERVERS,
            listening: Vec::new(),
            ready_in: Some(Duration::ZERO),
            end: ComponentEnd::Drained,
            took: Duration::ZERO,
            drained: None,
            cuts,
            tasks,
            workers: Vec::new(),
        }
    }

    #[test]
    fn cuts_are_counted_by_kind_and_no_cut_has_no_text() {
        let requests = || {
            vec![CutReport {
                kind: Cut::Request,
                count: 2,
                names: vec!["GET /slow".to_owned()],
            }]
        };
        for (cuts, aborted, cut, overdue) in [
            (vec![], 0, None, None),
            (vec![], 1, Some("1 task"), Some("http: 1 unnamed task")),
            (
                requests(),
                0,
                Some("2 requests"),
                Some("http: 2 requests (GET /slow, …)"),
            ),
            (
                requests(),
                3,
                Some("2 requests, 3 tasks"),
                Some("http: 2 requests (GET /slow, …), http: 3 unnamed tasks"),
            ),
        ] {
            let component = component(cuts, aborted);
            assert_eq!(component.cut().as_deref(), cut);
            assert_eq!(component.overdue().as_deref(), overdue);
        }
    }
}
