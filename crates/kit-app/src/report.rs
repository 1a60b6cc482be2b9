//! What became of every part of an application.

use std::fmt;
use std::time::Duration;

use kit_sync::{Cause, CloseReport};
use kit_transport::{Cut, Drained, Listening, Phase};

use crate::{HookStage, Undelivered, log};

/// The end of an application, part by part.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The service's name.
    pub name: String,
    /// The instance's id.
    pub id: String,
    /// What the process should exit with: 0 for a clean stop; 1 when something failed, or a task
    /// or a request was cut; 128 + n when signal n forced it.
    pub exit_code: u8,
    /// Why it stopped.
    pub cause: Option<Cause>,
    /// Whether it had been ready.
    pub was_ready: bool,
    /// From the request to stop to the end.
    pub took: Duration,
    /// Every failure in the order in which they came, each in one line; the first is the one that
    /// [`RunError`](crate::RunError) carries.
    pub failures: Vec<String>,
    /// What went wrong without changing the exit code: errors of parts that were told to stop
    /// while they started, and deregistrations that failed.
    pub remarks: Vec<String>,
    /// Hooks in the order in which they ended.
    pub hooks: Vec<HookReport>,
    /// Components in the order in which they ended.
    pub components: Vec<ComponentReport>,
    /// Registries, in the order in which they were given.
    pub registrations: Vec<RegistrationReport>,
    /// The tasks that belonged to no component.
    pub tasks: CloseReport,
    /// Events that the log or an observer did not take.
    pub undelivered: Vec<Undelivered>,
}

/// One hook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HookReport {
    /// When it ran.
    pub stage: HookStage,
    /// Its name.
    pub name: String,
    /// For how long.
    pub took: Duration,
    /// How it failed, if it did.
    pub error: Option<String>,
}

/// One component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComponentReport {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: Phase,
    /// Where it was listening; empty when it never started.
    pub listening: Vec<Listening>,
    /// Whether its start had returned.
    pub started: bool,
    /// From the moment it was told to its end.
    pub took: Duration,
    /// What its drain came to, if it is a server.
    pub drained: Option<Drained>,
    /// What it cut, by kind: how many, and the first few by name.
    pub cuts: Vec<(Cut, usize, Vec<String>)>,
    /// What became of its tasks.
    pub tasks: CloseReport,
}

/// One registry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistrationReport {
    /// Which registry.
    pub registry: String,
    /// How long the deregistration took.
    pub took: Duration,
    /// Why it could not be confirmed, if it could not; the lease then ends it.
    pub error: Option<String>,
}

impl Report {
    /// Whether the log did not take every event.
    pub(crate) fn log_has_missed(&self) -> bool {
        self.undelivered
            .iter()
            .any(|missed| missed.consumer == log::NAME)
    }
}

impl ComponentReport {
    /// What makes the exit code 1: requests without their whole answer, and tasks that did not end.
    pub(crate) fn overdue(&self) -> Option<String> {
        let requests = self.cuts.iter().find(|(what, ..)| *what == Cut::Request);
        let requests = requests.map(|(_, count, names)| {
            format!("{}: {}", self.name, counted(*count, "request", names))
        });
        let parts = requests.into_iter().chain(overdue(&self.name, &self.tasks));
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Everything that was cut, counted by kind.
    pub(crate) fn cut(&self) -> Option<String> {
        let cuts = self.cuts.iter();
        let mut parts: Vec<_> = cuts
            .map(|(what, count, _)| counted(*count, &what.to_string(), &[]))
            .collect();
        let tasks = self.tasks.cut().count() + self.tasks.aborted_members;
        if tasks > 0 {
            parts.push(counted(tasks, "task", &[]));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The tasks that did not end in time.
pub(crate) fn overdue(whose: &str, tasks: &CloseReport) -> Option<String> {
    let named: Vec<String> = tasks.cut().map(ToString::to_string).collect();
    let unnamed = tasks.aborted_members;
    let mut parts = Vec::new();
    if !named.is_empty() {
        parts.push(counted(named.len(), "task", &named));
    }
    if unnamed > 0 {
        parts.push(counted(unnamed, "unnamed task", &[]));
    }
    (!parts.is_empty()).then(|| format!("{whose}: {}", parts.join(", ")))
}

fn counted(count: usize, noun: &str, names: &[String]) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let more = if count > names.len() && !names.is_empty() {
        ", …"
    } else {
        ""
    };
    match names {
        [] => format!("{count} {noun}{plural}"),
        names => format!("{count} {noun}{plural} ({}{more})", names.join("; ")),
    }
}

/// Several lines, for people: the end, then what failed, then what is remarkable.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            name,
            exit_code,
            cause,
            took,
            ..
        } = self;
        match cause {
            Some(cause) => write!(
                f,
                "{name} stopped ({cause}) in {took:.1?}, exit code {exit_code}"
            )?,
            None => write!(f, "{name} ended, exit code {exit_code}")?,
        }
        for failure in &self.failures {
            write!(f, "\n  failed: {failure}")?;
        }
        for remark in &self.remarks {
            write!(f, "\n  remark: {remark}")?;
        }
        for undelivered in &self.undelivered {
            write!(f, "\n  remark: {undelivered}")?;
        }
        for component in &self.components {
            if let Some(drained) = &component.drained {
                write!(f, "\n  {}: {drained}", component.name)?;
            }
            for (what, count, names) in &component.cuts {
                write!(
                    f,
                    "\n  {}: cut {}",
                    component.name,
                    counted(*count, &what.to_string(), names)
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kit_sync::CloseReport;
    use kit_transport::{Cut, Phase};

    use super::{ComponentReport, counted};

    fn component(cuts: Vec<(Cut, usize, Vec<String>)>, aborted_members: usize) -> ComponentReport {
        let mut tasks = CloseReport::default();
        tasks.aborted_members = aborted_members;
        ComponentReport {
            name: "http".to_owned(),
            phase: Phase::SERVERS,
            listening: Vec::new(),
            started: true,
            took: std::time::Duration::ZERO,
            drained: None,
            cuts,
            tasks,
        }
    }

    #[test]
    fn what_was_cut_is_counted_by_kind_and_nothing_is_no_text() {
        let requests = || vec![(Cut::Request, 2, vec!["GET /slow".to_owned()])];
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

    #[test]
    fn a_count_names_what_it_can_and_says_when_there_are_more() {
        let names = ["a".to_owned(), "b".to_owned()];
        for (count, names, expected) in [
            (1, &[][..], "1 task"),
            (0, &[], "0 tasks"),
            (3, &[], "3 tasks"),
            (1, &names[..1], "1 task (a)"),
            (2, &names, "2 tasks (a; b)"),
            (3, &names, "3 tasks (a; b, …)"),
        ] {
            assert_eq!(counted(count, "task", names), expected);
        }
    }
}
