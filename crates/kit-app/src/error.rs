//! The failures in an application's life.

use std::fmt;
use std::io;
use std::time::Duration;

use kit_sync::policy::{Failure, GaveUp};
use kit_sync::{Abandoned, BoxError, Cause, Outcome, TaskError, TaskReport, error_chain};

use kit_units::WrongOption;

use crate::{HookStage, Report, Signal, WorkerKind};

/// One failure. Every message says what was attempted and on what; the rest is in its
/// [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The app's name, id or metadata break a rule.
    #[error("the app cannot be described")]
    Identity(#[source] kit_registry::Error),
    /// An option's value is of no use.
    #[error("option {0}")]
    Option(WrongOption),
    /// The runtime could not be made.
    #[error("the runtime could not be started")]
    Runtime(#[source] io::Error),
    /// What [`App::main_with`](crate::App::main_with) was given failed to make the app.
    #[error("the app could not be built")]
    Build(#[source] BoxError),
    /// The signal handlers could not be installed.
    #[error("the signal handlers could not be installed")]
    Signals(#[source] io::Error),
    /// The threads that deliver events could not be started.
    #[error("the threads that deliver events could not be started")]
    Events(#[source] io::Error),
    /// The watchdog of [`App::main`](crate::App::main) could not be started.
    #[error("the watchdog could not be started")]
    Watchdog(#[source] io::Error),
    /// A registry could not be opened.
    #[error("a registry could not be opened")]
    Registry(#[source] kit_registry::Error),
    /// A hook failed or panicked.
    #[error("{stage} hook `{name}` failed")]
    Hook {
        /// When it ran.
        stage: HookStage,
        /// Its name.
        name: String,
        /// Why.
        source: BoxError,
    },
    /// A hook did not end in time and was dropped.
    #[error("{stage} hook `{name}` was dropped: it had not ended after {ran:.1?}")]
    HookDropped {
        /// When it ran.
        stage: HookStage,
        /// Its name.
        name: String,
        /// For how long.
        ran: Duration,
    },
    /// A hook of the start has used up its time; it may go on until the deadline of the stop.
    #[error("{stage} hook `{name}` had not ended after {limit:.1?}")]
    HookTimeout {
        /// When it runs.
        stage: HookStage,
        /// Its name.
        name: String,
        /// Its limit.
        limit: Duration,
    },
    /// A hook of a reload failed or panicked; the app goes on.
    #[error("reload hook `{name}` failed")]
    Reload {
        /// Its name.
        name: String,
        /// Why.
        source: BoxError,
    },
    /// A hook of a reload did not end in time and was dropped; the app goes on.
    #[error("reload hook `{name}` was dropped: it had not ended after {ran:.1?}")]
    ReloadDropped {
        /// Its name.
        name: String,
        /// For how long.
        ran: Duration,
    },
    /// A hook of a reload did not end in time, and could not be dropped either; the app goes on, and does not
    /// call it again before it has ended.
    #[error(
        "reload hook `{name}` could not be dropped: it blocks its thread, and had not ended after {ran:.1?}"
    )]
    ReloadStuck {
        /// Its name.
        name: String,
        /// For how long.
        ran: Duration,
    },
    /// A hook of a reload was not called, because its last run has not ended.
    #[error("reload hook `{name}` was not called: its last run blocks its thread since {ran:.1?}")]
    ReloadNotCalled {
        /// Its name.
        name: String,
        /// For how long that run has gone on.
        ran: Duration,
    },
    /// A name is empty, or cannot be shown in a line.
    #[error("the name of {of} is {}", shown(name))]
    Name {
        /// Its kind, such as `a resource`.
        of: &'static str,
        /// The name.
        name: String,
    },
    /// Two components, resources, hooks of one stage, checks or registries have one name, so neither
    /// the log nor the report could tell them apart.
    #[error("there are {between} named `{name}`: give one of them another name")]
    DuplicateName {
        /// The name.
        name: String,
        /// Their kinds, such as `two components`.
        between: String,
    },
    /// Two resources are of one type, or one is of a type that the app gives itself.
    #[error(
        "{} and the resource `{second}` both give a `{value}`, and a value is found by its type: wrap \
         that of `{second}` in another type",
        .first.as_ref().map_or_else(|| "the app".to_owned(), |first| format!("the resource `{first}`"))
    )]
    DuplicateResource {
        /// The type.
        value: &'static str,
        /// The resource that came first; `None` for the app itself.
        first: Option<String>,
        /// The other one.
        second: String,
    },
    /// A resource could not be opened, or its function panicked.
    #[error("resource {resource} could not be opened")]
    Open {
        /// Its name.
        resource: String,
        /// Why.
        source: BoxError,
    },
    /// A resource was not open within its limit; it may go on until resources are closed.
    #[error("resource {resource} was not open after {limit:.1?}")]
    OpenTimeout {
        /// Its name.
        resource: String,
        /// Its limit.
        limit: Duration,
    },
    /// A resource that was still opening at the end of a stop was dropped.
    #[error("resource {resource} was dropped: it was not open after {ran:.1?}")]
    OpenDropped {
        /// Its name.
        resource: String,
        /// For how long it was tried.
        ran: Duration,
    },
    /// A resource could not be closed, or its function panicked.
    #[error("resource {resource} could not be closed")]
    Close {
        /// Its name.
        resource: String,
        /// Why.
        source: BoxError,
    },
    /// A resource was not closed within its limit, and was dropped.
    #[error("resource {resource} was dropped: it was not closed after {ran:.1?}")]
    CloseDropped {
        /// Its name.
        resource: String,
        /// For how long it was tried.
        ran: Duration,
    },
    /// A component was put together in a way that cannot work.
    #[error("{component} cannot be started")]
    Component {
        /// Its name.
        component: String,
        /// The option, its value, and what would be right.
        source: BoxError,
    },
    /// A component could not start.
    #[error("{component} could not start")]
    Start {
        /// Its name.
        component: String,
        /// Why.
        source: BoxError,
    },
    /// A component's start did not end in time and was dropped.
    #[error("{component} could not start: it was not done after {ran:.1?}")]
    StartDropped {
        /// Its name.
        component: String,
        /// For how long it was tried.
        ran: Duration,
    },
    /// A job for which the start waits has used up its time; it may go on until the deadline of its
    /// phase in the stop.
    #[error("job {job} had not ended after {limit:.1?}, and the start waits for it")]
    JobTimeout {
        /// Its name.
        job: String,
        /// Its limit.
        limit: Duration,
    },
    /// A part took a readiness latch and gave it up. When the reason for it is a failure of the app, such as
    /// that of a worker, that is the error, and a remark names the latch.
    #[error("the app cannot become ready")]
    NotReady(#[source] GivenUp),
    /// Readiness latches were not opened in time.
    #[error("the app is not ready after {limit:.1?}: it waits for {}", .latches.join(", "))]
    GateTimeout {
        /// What each latch that is not open stands for.
        latches: Vec<String>,
        /// The limit.
        limit: Duration,
    },
    /// No endpoint could be made of an address: the host that was set cannot be part of one, or the
    /// interfaces could not be listed and others are to read the result.
    #[error("{listening} cannot be advertised: {why}")]
    Advertise {
        /// Where a server is listening.
        listening: String,
        /// The missing part, and the option that gives it.
        why: String,
    },
    /// The instance could not be registered.
    #[error("the instance could not be registered in {registry}")]
    Register {
        /// Which registry.
        registry: String,
        /// Why, and how long it was tried.
        source: kit_registry::Error,
    },
    /// A component ended while the app was running.
    #[error("{component} ended before the stop: task {task}")]
    Ended {
        /// Its name.
        component: String,
        /// The first of its tasks that failed, or the last that ended.
        task: Box<TaskReport>,
    },
    /// A worker or a job failed: as its policy says, once too often, or during the stop.
    #[error("{kind} {path} failed")]
    Worker {
        /// Whether it is a worker or a job.
        kind: WorkerKind,
        /// The path of its scope, such as `orders/outbox`.
        path: String,
        /// Where it was added to the app: `file:line:column`.
        added_at: String,
        /// Why: its own error, a [`Failure`] when it panicked, or a [`GaveUp`].
        source: BoxError,
    },
    /// A task failed while its component stopped.
    #[error("{component} failed while it stopped: task {task}")]
    Stopping {
        /// The component's name.
        component: String,
        /// The task.
        task: Box<TaskReport>,
    },
    /// A component's `stop` failed.
    #[error("{component} failed to stop")]
    Stop {
        /// Its name.
        component: String,
        /// Why.
        source: BoxError,
    },
    /// Something did not end before the deadline.
    #[error("{what} had to be cut at the deadline")]
    Cut {
        /// What, by name.
        what: String,
    },
    /// A signal forced the stop.
    #[error("the stop was forced ({signal})")]
    Forced {
        /// Which signal.
        signal: Signal,
    },
    /// [`App::main`](crate::App::main) was called inside a runtime.
    #[error("`App::main` was called inside a runtime, and starts another one: await `App::run`")]
    InsideRuntime,
}

impl Error {
    /// The error of an option.
    pub(crate) fn option(
        option: &str,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> Error {
        Error::Option(WrongOption::new(option, value, expected))
    }

    /// The errors of an options struct, whose name stands before the key of each.
    pub(crate) fn of_options(
        of: &'static str,
        wrong: impl IntoIterator<Item = WrongOption>,
    ) -> impl Iterator<Item = Error> {
        wrong.into_iter().map(move |wrong| {
            let name = format!("{of}::{}", wrong.key());
            Error::Option(wrong.named(name))
        })
    }

    /// Why the app stops when this happens while it runs.
    ///
    /// The end of a task, also of one that held a latch, is shown as that task with its place, and so is that of
    /// a worker; every other error is its own text.
    pub(crate) fn cause(&self) -> Cause {
        if let Error::Worker {
            path,
            added_at,
            source,
            ..
        } = self
        {
            return worker_cause(path, added_at, source);
        }
        let (Error::Ended { task, .. }
        | Error::NotReady(GivenUp {
            task: Some(task), ..
        })) = self
        else {
            return Cause::Requested(error_chain(self));
        };
        let location = task.spawned_at();
        match task.outcome() {
            Outcome::Panicked {
                message,
                location: at,
            } => Cause::Panicked {
                task: task.path(),
                message: message.clone(),
                location: at.clone().unwrap_or(location),
            },
            _ => Cause::Failed {
                task: task.path(),
                location,
            },
        }
    }
}

/// A readiness latch that was dropped unopened.
#[derive(Debug, thiserror::Error)]
#[error("{latch}{}", failure_of(.task.as_deref()))]
#[non_exhaustive]
pub struct GivenUp {
    /// Which latch.
    pub latch: Abandoned,
    /// The task that held it, when that has failed; another failure is not ascribed to the latch.
    pub task: Option<Box<TaskReport>>,
}

impl GivenUp {
    pub(crate) fn new(latch: Abandoned, task: Option<TaskReport>) -> GivenUp {
        GivenUp {
            latch,
            task: task.map(Box::new),
        }
    }
}

fn failure_of(task: Option<&TaskReport>) -> String {
    task.map_or_else(String::new, |task| format!(": task {task}"))
}

/// A name that is wrong, and what would be right.
fn shown(name: &str) -> String {
    if name.is_empty() {
        return "empty: give it a name, such as `orders`".to_owned();
    }
    format!("{name:?}: it has to be visible text in one line, such as `orders`")
}

fn worker_cause(path: &str, added_at: &str, source: &BoxError) -> Cause {
    let gave_up = source.downcast_ref::<GaveUp>().map(|gave_up| &gave_up.last);
    let (task, added_at) = (path.to_owned(), added_at.to_owned());
    match gave_up.or_else(|| source.downcast_ref::<Failure>()) {
        Some(Failure::Panicked { message, location }) => Cause::Panicked {
            task,
            message: message.clone(),
            location: location.clone().unwrap_or(added_at),
        },
        _ => Cause::Failed {
            task,
            location: added_at,
        },
    }
}

/// An application that did not end cleanly: the failure that came first, and the whole report.
///
/// [`Display`](fmt::Display) is that failure with its sources in one line, and a line for each of the
/// others. With `{:#}` it is followed by the [report](Report) as a table; so is what a
/// `fn main() -> Result<(), RunError>` prints, which is [`Debug`].
///
/// ```text
/// http could not start: could not listen on 127.0.0.1:8000: address in use
///   also: resource db could not be closed: disk full
/// ```
pub struct RunError {
    error: Error,
    report: Box<Report>,
}

impl RunError {
    pub(crate) fn new(error: Error, report: Report) -> RunError {
        RunError {
            error,
            report: Box::new(report),
        }
    }

    /// The failure that came first.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What became of every part.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the process should exit with; never 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.report.exit_code
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_chain(&self.error))?;
        // The first is the error itself.
        for failure in self.report.failures.iter().skip(1) {
            write!(f, "\n  also: {failure}")?;
        }
        if f.alternate() {
            write!(f, "\n{}", self.report)?;
        }
        Ok(())
    }
}

/// For people, as what a `main` returns is printed so.
impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

// The sources are part of the message.
impl std::error::Error for RunError {}

/// The end of a task, as the source of an error of this crate.
pub(crate) fn source_of(error: TaskError) -> BoxError {
    match error {
        TaskError::Failed(source) => source,
        TaskError::Panicked {
            message,
            location: Some(location),
        } => format!("it panicked at {location}: {message}").into(),
        TaskError::Panicked {
            message,
            location: None,
        } => format!("it panicked: {message}").into(),
        other => other.into(),
    }
}
