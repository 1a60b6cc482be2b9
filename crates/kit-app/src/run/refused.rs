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
        failures: vec![line],
        undelivered,
        ..bare_report(core)
    };
    RunError::new(error, report)
}

/// The report of an app that nothing was done for yet.
fn bare_report(core: &Core) -> Report {
    Report {
        name: core.info.name().to_owned(),
        id: core.info.id().to_owned(),
        exit_code: 1,
        cause: None,
        was_ready: false,
        took: Duration::ZERO,
        failures: Vec::new(),
        remarks: Vec::new(),
        hooks: Vec::new(),
        components: Vec::new(),
        registrations: Vec::new(),
        tasks: kit_sync::CloseReport::default(),
        undelivered: Vec::new(),
    }
}
