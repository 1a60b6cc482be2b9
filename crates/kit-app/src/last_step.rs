//! The last steps of a stop.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

type StepCall = Box<dyn FnOnce(Duration) -> Vec<String> + Send>;

/// The end of something that everything else of the app uses to its end, such as exporters of traces; given
/// to [`AppBuilder::last_step`](crate::AppBuilder::last_step).
///
/// Last steps run one after the other when the `after_stop` hooks and every task of the app have ended, each
/// on a plain thread, which no runtime can hold up, and [observers](crate::AppBuilder::observer) that are not behind
/// have seen what happened before; those of an app whose options are refused run as well, for 5 s at
/// most. They never change the exit code: one that fails, panics or
/// does not end has a line in the [report](crate::Report::last_steps), as have the lines that it returns.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, LastStep};
///
/// # fn flush(_: Duration) -> u64 { 0 }
/// let step = LastStep::new("spans", Duration::from_secs(2), |time| match flush(time) {
///     0 => Vec::new(),
///     lost => vec![format!("{lost} spans were dropped")],
/// });
/// let app = App::builder("orders").last_step(step);
/// ```
#[must_use = "a step does nothing until it is given to an app"]
pub struct LastStep {
    pub(crate) name: String,
    pub(crate) limit: Duration,
    /// Once the events are delivered.
    pub(crate) is_after_events: bool,
    /// Locked by nothing: what can be shared may be called by one thread only.
    run: Mutex<StepCall>,
}

impl LastStep {
    /// `run` gets the time that it has, and returns lines for the report: what it could not bring to its end. It is
    /// waited for until `limit`, or the end of its share of the stop, which is a moment after that time.
    pub fn new(
        name: impl Into<String>,
        limit: Duration,
        run: impl FnOnce(Duration) -> Vec<String> + Send + 'static,
    ) -> LastStep {
        LastStep {
            name: name.into(),
            limit,
            is_after_events: false,
            run: Mutex::new(Box::new(run)),
        }
    }

    /// Runs it once the last event is delivered, or the time for that is over: for what the log writes to.
    pub fn after_events(self) -> LastStep {
        LastStep {
            is_after_events: true,
            ..self
        }
    }

    /// What it does.
    pub(crate) fn into_run(self) -> StepCall {
        self.run
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LastStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastStep")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
