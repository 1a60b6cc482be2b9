//! The end of an app that was refused before anything of it began.

use std::time::Duration;

use kit_sync::{TaskTree, error_chain};
use kit_transport::Stage;

use crate::core::Core;
use crate::{Error, Event, Report, RunError};

/// How long a refused app waits for the consumers of its events.
const REFUSED: Duration = Duration::from_secs(1);

/// Nothing was begun, so there is nothing to stop.
pub(super) async fn refused(core: &Core, error: Error, home: &TaskTree) -> RunError {
    let line = error_chain(&error);
    core.emit(Event::Failed {
        error: line.clone(),
    });
    core.enter(Stage::Stopped);
    core.emit(Event::Stopped {
        took: Duration::ZERO,
        exit_code: 1,
    });
    let undelivered = core.journal.events().flush(home.scope(), REFUSED).await;
    let report = Report {
        exit_code: 1,
        failures: vec![line],
        undelivered,
        ..Report::of(core.info.name(), core.info.id())
    };
    RunError::new(error, report)
}
