//! How every component, hook and registration of an application ended.

mod component;
mod last_step;
mod overdue;
mod resource;
mod table;

use std::fmt;
use std::time::Duration;

use kit_sync::{Cause, CloseReport};
use kit_transport::Phase;

pub use component::{ComponentEnd, ComponentReport, CutReport};
pub use last_step::LastStepReport;
use overdue::cut_tasks;
pub(crate) use overdue::overdue;
pub use resource::ResourceReport;
use table::Table;

use crate::{HookStage, Undelivered};

/// The end of an application, component by component.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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
    /// What went wrong without changing the exit code: errors of hooks and starts that were
    /// cancelled before they had returned, and deregistrations that failed.
    pub remarks: Vec<String>,
    /// Hooks in the order in which they ended.
    pub hooks: Vec<HookReport>,
    /// Components in the order in which they ended.
    pub components: Vec<ComponentReport>,
    /// Resources in the order in which they were closed, the one that could not be opened first.
    pub resources: Vec<ResourceReport>,
    /// Registries, in the order in which they were given.
    pub registrations: Vec<RegistrationReport>,
    /// The tasks that belonged to no component.
    pub tasks: CloseReport,
    /// Events that the log or an observer did not take.
    pub undelivered: Vec<Undelivered>,
    /// The last steps, in the order in which they ran.
    pub last_steps: Vec<LastStepReport>,
}

impl Report {
    /// The report of an app of which nothing has happened.
    pub(crate) fn of(name: &str, id: &str) -> Report {
        Report {
            name: name.to_owned(),
            id: id.to_owned(),
            exit_code: 0,
            cause: None,
            was_ready: false,
            took: Duration::ZERO,
            failures: Vec::new(),
            remarks: Vec::new(),
            hooks: Vec::new(),
            components: Vec::new(),
            resources: Vec::new(),
            registrations: Vec::new(),
            tasks: CloseReport::default(),
            undelivered: Vec::new(),
            last_steps: Vec::new(),
        }
    }

    /// Whether anything was cut, such as a stream that had its grace.
    pub(crate) fn has_cuts(&self) -> bool {
        let components = self.components.iter();
        components.filter_map(ComponentReport::cut).next().is_some()
            || self
                .resources
                .iter()
                .any(|of| cut_tasks(&of.tasks).is_some())
    }

    /// Whether a last step has anything to say.
    pub(crate) fn has_last_words(&self) -> bool {
        self.last_steps.iter().any(LastStepReport::has_news)
    }

    /// The components and the resources, in the order in which they have ended.
    fn table(&self) -> Table<7> {
        let mut table = Table::new([
            "component",
            "phase",
            "ready in",
            "drained in",
            "tasks",
            "end",
            "cut",
        ]);
        let in_time = |took: Duration| format!("{took:.1?}");
        let ready_in = |took: Option<Duration>| took.map_or_else(|| "-".to_owned(), in_time);
        let count = |tasks: &CloseReport| (tasks.tasks.len() + tasks.aborted_members).to_string();
        for component in &self.components {
            table.add([
                component.name.clone(),
                component.phase.to_string(),
                ready_in(component.ready_in),
                in_time(component.took),
                count(&component.tasks),
                component.end.to_string(),
                component.cut().unwrap_or_default(),
            ]);
        }
        for resource in &self.resources {
            let end = match (resource.opened_in, &resource.error) {
                (None, _) => "not opened",
                (Some(_), None) => "closed",
                (Some(_), Some(_)) => "failed",
            };
            table.add([
                resource.name.clone(),
                Phase::RESOURCES.to_string(),
                ready_in(resource.opened_in),
                in_time(resource.took),
                count(&resource.tasks),
                end.to_owned(),
                cut_tasks(&resource.tasks).unwrap_or_default(),
            ]);
        }
        table
    }
}

/// One hook.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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

/// One registry.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RegistrationReport {
    /// Which registry.
    pub registry: String,
    /// How long the deregistration took.
    pub took: Duration,
    /// Why it could not be confirmed, if it could not; the lease then ends it.
    pub error: Option<String>,
}

/// Several lines, for people: the end, then the failures and the remarks, then a table of the components
/// and resources, then what they have drained and cut, by name. A section of which there is nothing has no
/// line, so an app that failed before its first resource and its first component has no table.
///
/// ```text
/// orders stopped (SIGTERM) in 1.3s, exit code 0
///   component  phase      ready in  drained in  tasks  end      cut
///   http       servers    1.1ms     240.3ms     2      drained  1 stream
///   db         resources  13.5ms    2.0ms       0      closed
///   http: 41 connections, 7 requests and 1 stream ended in 240.0ms
///   http: cut 1 stream (GET /news from 10.0.0.7:41000)
/// ```
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, took, code) = (&self.name, self.took, self.exit_code);
        match &self.cause {
            Some(cause) => write!(
                f,
                "{name} stopped ({cause}) in {took:.1?}, exit code {code}"
            )?,
            None => write!(f, "{name} ended, exit code {code}")?,
        }
        for failure in &self.failures {
            write!(f, "\n  failed: {failure}")?;
        }
        write_remarks(f, &self.remarks)?;
        write_remarks(f, &self.undelivered)?;
        let table = self.table();
        if !table.is_empty() {
            table.fmt(f)?;
        }
        self.components
            .iter()
            .try_for_each(|of| write_drain(f, of))?;
        for resource in &self.resources {
            write_cut_tasks(f, &resource.name, &resource.tasks)?;
        }
        self.last_steps.iter().try_for_each(|step| step.fmt(f))?;
        write_cut_tasks(f, &self.name, &self.tasks)
    }
}

fn write_remarks<T: fmt::Display>(f: &mut fmt::Formatter<'_>, remarks: &[T]) -> fmt::Result {
    let mut remarks = remarks.iter();
    remarks.try_for_each(|remark| write!(f, "\n  remark: {remark}"))
}

/// What the component has drained and cut, and the workers that were restarted or have failed, a line
/// each.
fn write_drain(f: &mut fmt::Formatter<'_>, component: &ComponentReport) -> fmt::Result {
    let name = &component.name;
    if let Some(drained) = &component.drained {
        write!(f, "\n  {name}: {drained}")?;
    }
    let workers = component.workers.iter();
    for worker in workers.filter(|worker| worker.has_news()) {
        write!(f, "\n  {worker}")?;
    }
    for cut in &component.cuts {
        write!(f, "\n  {name}: cut {cut}")?;
    }
    write_cut_tasks(f, name, &component.tasks)
}

/// The tasks that were cut, a line each.
fn write_cut_tasks(f: &mut fmt::Formatter<'_>, of: &str, tasks: &CloseReport) -> fmt::Result {
    let mut cut = tasks.cut();
    cut.try_for_each(|task| write!(f, "\n  {of}: cut task {task}"))
}
