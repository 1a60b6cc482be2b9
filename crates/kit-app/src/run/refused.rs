//! The end of an app that was refused before anything of it began.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Deadline, TaskTree, error_chain};
use kit_transport::Stage;
use tokio::time::Instant;

use super::stopping::LastSteps;

use crate::core::Core;
use crate::orchestrator::TerminationMessage;
use crate::run::HOME;
use crate::settings::Settings;
use crate::{Error, Event, Report, RunError};

/// How long a refused app waits for the consumers of its events.
const REFUSED: Duration = Duration::from_secs(1);

/// The time of the last steps of a refused app, at most.
const LAST_STEPS: Duration = Duration::from_secs(5);

/// Why an app is refused: at least one reason.
#[derive(Debug)]
pub(super) struct Refusal {
    first: Box<Error>,
    others: Vec<Error>,
}

impl Refusal {
    /// # Errors
    /// When there is anything wrong.
    pub(super) fn unless_none(wrong: Vec<Error>) -> Result<(), Refusal> {
        let mut wrong = wrong.into_iter();
        match wrong.next() {
            Some(first) => Err(Refusal {
                first: Box::new(first),
                others: wrong.collect(),
            }),
            None => Ok(()),
        }
    }

    /// The last steps of an app that was refused for its options: what they end has begun before the app, such as a
    /// log. Options that are wrong may be those of their time, so it has a separate bound.
    pub(super) fn last_steps(&self, core: &Arc<Core>, settings: &mut Settings) -> LastSteps {
        let [all, _] = settings.last_steps_limits();
        let end = Deadline::from(Instant::now() + all.min(LAST_STEPS));
        LastSteps::take(core, settings, &end)
    }

    /// Nothing was begun, so there is nothing to stop. Each reason is an event and a failure in the
    /// report, and the first is the error.
    pub(super) async fn end(
        self,
        core: &Core,
        home: &TaskTree,
        mut steps: Option<LastSteps>,
        message: Option<TerminationMessage>,
    ) -> RunError {
        let all = std::iter::once(&*self.first).chain(&self.others);
        let failures: Vec<_> = all.map(|error| error_chain(error)).collect();
        for error in failures.iter().cloned() {
            core.emit(Event::Failed { error });
        }
        let mut last_steps = Vec::new();
        if let Some(steps) = &mut steps {
            last_steps.extend(steps.before_events(home.scope()).await);
        }
        if let Some(message) = message {
            let text = failures.join("\n");
            message.leave(text, &core.journal, home.scope()).await;
        }
        core.enter(Stage::Stopped);
        core.emit(Event::Stopped {
            took: Duration::ZERO,
            exit_code: 1,
        });
        let undelivered = core.journal.events().flush(home.scope(), REFUSED).await;
        if let Some(steps) = &mut steps {
            last_steps.extend(steps.after_events(home.scope()).await);
        }
        home.close(Instant::now() + HOME).await;
        let report = Report {
            exit_code: 1,
            last_steps,
            failures,
            undelivered,
            ..Report::of(core.info.name(), core.info.id())
        };
        RunError::new(*self.first, report)
    }
}

impl From<Error> for Refusal {
    fn from(first: Error) -> Refusal {
        Refusal {
            first: Box::new(first),
            others: Vec::new(),
        }
    }
}
