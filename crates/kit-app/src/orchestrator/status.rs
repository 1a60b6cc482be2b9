//! The line that says how the app fares.

use kit_sync::Cause;
use kit_transport::Stage;

use super::course::Course;
use crate::{Awaited, Event};

/// What the status says, from the events so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    line: StatusLine,
    /// The wait that lasts, and for how long.
    waiting: Option<String>,
    /// The failure that came first.
    failure: Option<String>,
    reload: Reloaded,
}

#[derive(Clone, Debug)]
enum StatusLine {
    /// Readiness, with its reasons, as they are when the line is sent.
    Readiness,
    /// The stage, and the step in it.
    Stage { name: String, doing: Option<String> },
}

impl Default for StatusLine {
    fn default() -> StatusLine {
        StatusLine::stage("starting")
    }
}

impl StatusLine {
    fn stage(name: impl Into<String>) -> StatusLine {
        let (name, doing) = (name.into(), None);
        StatusLine::Stage { name, doing }
    }
}

/// How the last reload has ended.
#[derive(Clone, Debug, Default)]
enum Reloaded {
    /// There was none, or it goes on.
    #[default]
    Unknown,
    Well,
    Nothing,
    /// With the first of its failures.
    Failed(String),
}

impl Status {
    /// Goes on with the event, which has led to `course`. Returns whether the line may be another one now.
    pub(super) fn follow(&mut self, event: &Event, course: Course) -> bool {
        let in_wait = self.follow_wait(event, course);
        let in_failure = self.follow_failure(event);
        self.follow_line(event, course) || in_wait || in_failure
    }

    /// A wait is shown until an event says that something has gone on. Those of workers come between any two
    /// events and have no such end, so they are not shown; nor is any other while the app is ready, but that
    /// of a drain.
    fn follow_wait(&mut self, event: &Event, course: Course) -> bool {
        match event {
            Event::Waiting { what, since } => {
                let is_shown = match what {
                    Awaited::Restart { .. } => false,
                    Awaited::Deregistration { .. } => true,
                    _ => course != Course::Ready,
                };
                if is_shown {
                    self.waiting = Some(format!("waiting for {what} ({since:.0?} so far)"));
                }
                is_shown
            }
            Event::Entered { .. }
            | Event::HookEnded { .. }
            | Event::ResourceOpened { .. }
            | Event::ComponentStarted { .. }
            | Event::Registered { .. }
            | Event::Ready { .. }
            | Event::ReloadHookEnded { .. }
            | Event::DrainEnded
            | Event::Drained { .. }
            | Event::StopAsked { .. }
            | Event::Deregistered { .. }
            | Event::ComponentStopped { .. }
            | Event::ResourceClosed { .. }
            | Event::Stopped { .. } => self.waiting.take().is_some(),
            _ => false,
        }
    }

    fn follow_failure(&mut self, event: &Event) -> bool {
        match event {
            Event::Failed { error } => {
                self.failure.get_or_insert_with(|| error.clone());
            }
            // The error names the hook.
            Event::ReloadHookEnded {
                error: Some(error), ..
            } if !matches!(self.reload, Reloaded::Failed(_)) => {
                self.reload = Reloaded::Failed(error.clone());
            }
            Event::ReloadStarting { .. } => self.reload = Reloaded::Unknown,
            Event::Reloaded { .. } if !matches!(self.reload, Reloaded::Failed(_)) => {
                self.reload = Reloaded::Well;
            }
            Event::NothingToReload { .. } => self.reload = Reloaded::Nothing,
            _ => {}
        }
        // Another event shows it.
        false
    }

    /// Replaces the line where the event begins something: a stage has its name, and a step of it is added. While
    /// the app is ready the line is its readiness, whatever has changed it.
    fn follow_line(&mut self, event: &Event, course: Course) -> bool {
        self.line = match event {
            Event::Entered {
                stage: Stage::LameDuck,
            } => return self.set_doing("lame duck".to_owned()),
            Event::Entered {
                stage: Stage::Draining,
            } => return self.set_doing("draining".to_owned()),
            Event::DrainDelay { delay, .. } => {
                return self.set_doing(format!("everything is served for {delay:.1?}"));
            }
            Event::Forced { signal } => return self.set_doing(format!("{signal} forces the end")),
            Event::Entered {
                stage: Stage::Starting,
            } => StatusLine::default(),
            Event::ReloadStarting { cause } if course == Course::Reloading => {
                StatusLine::stage(format!("reloading ({cause})"))
            }
            Event::StopAsked { cause, failed } => {
                StatusLine::stage(self.why_stopping(cause, *failed))
            }
            Event::RunDropped => StatusLine::stage("the run was dropped"),
            Event::Stopped { exit_code, .. } => StatusLine::stage(self.end(*exit_code)),
            Event::Ready { .. }
            | Event::Reloaded { .. }
            | Event::NothingToReload { .. }
            | Event::CheckFailed { .. }
            | Event::CheckPassed { .. }
            | Event::DrainBegan { .. }
            | Event::Drained { .. }
            | Event::DrainEnded
                if course == Course::Ready =>
            {
                StatusLine::Readiness
            }
            _ => return false,
        };
        true
    }

    fn set_doing(&mut self, what: String) -> bool {
        if let StatusLine::Stage { doing, .. } = &mut self.line {
            *doing = Some(what);
        }
        true
    }

    fn why_stopping(&self, cause: &Cause, failed: bool) -> String {
        match &self.failure {
            Some(failure) if failed => format!("stopping after a failure: {failure}"),
            _ => format!("stopping ({cause})"),
        }
    }

    fn end(&self, exit_code: u8) -> String {
        match &self.failure {
            Some(failure) => format!("failed with exit code {exit_code}: {failure}"),
            None => format!("stopped with exit code {exit_code}"),
        }
    }

    /// The line as it is now; `why_not_ready` gives the reasons at present.
    pub(super) fn text(&self, why_not_ready: impl FnOnce() -> Vec<String>) -> String {
        let line = match &self.line {
            StatusLine::Readiness => self.readiness(&why_not_ready()),
            StatusLine::Stage { name, doing: None } => name.clone(),
            StatusLine::Stage {
                name,
                doing: Some(doing),
            } => format!("{name}: {doing}"),
        };
        match &self.waiting {
            Some(waiting) => format!("{line}; {waiting}"),
            None => line,
        }
    }

    fn readiness(&self, why_not: &[String]) -> String {
        let readiness = match why_not {
            [] => "ready".to_owned(),
            why => format!("not ready: {}", why.join(", ")),
        };
        match &self.reload {
            Reloaded::Unknown => readiness,
            Reloaded::Well => format!("{readiness}; reloaded"),
            Reloaded::Nothing => format!("{readiness}; there was nothing to reload"),
            Reloaded::Failed(error) => format!("{readiness}; the last reload has failed: {error}"),
        }
    }
}
