//! The end of an app that was refused before anything of it began.

use std::time::Duration;

use kit_sync::{TaskTree, error_chain};
use kit_transport::Stage;

use crate::core::Core;
use crate::{Error, Event, Report, RunError};

/// How long a refused app waits for the consumers of its events.
const REFUSED: Duration = Duration::from_secs(1);

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

    /// Nothing was begun, so there is nothing to stop. Each reason is an event and a failure in the
    /// report, and the first is the error.
    pub(super) async fn end(self, core: &Core, home: &TaskTree) -> RunError {
        let all = std::iter::once(&*self.first).chain(&self.others);
        let failures: Vec<_> = all.map(|error| error_chain(error)).collect();
        for error in failures.iter().cloned() {
            core.emit(Event::Failed { error });
        }
        core.enter(Stage::Stopped);
        core.emit(Event::Stopped {
            took: Duration::ZERO,
            exit_code: 1,
        });
        let undelivered = core.journal.events().flush(home.scope(), REFUSED).await;
        let report = Report {
            exit_code: 1,
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
