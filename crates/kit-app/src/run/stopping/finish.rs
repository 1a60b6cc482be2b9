//! The end of a stop: its report and its exit code.

use std::time::Duration;

use kit_sync::{CloseReport, TaskTree};
use kit_transport::Stage;
use tokio::time::Instant;

use super::last_steps::LastSteps;
use crate::control::Asked;
use crate::core::Core;
use crate::orchestrator::TerminationMessage;
use crate::run::HOME;
use crate::{Event, Report, RunError};

/// Reports: from the entries of the journal to the exit code.
///
/// The last event comes before the wait for its delivery, which has its own `reserve`: the
/// watchdog does not see to it any more.
///
/// # Errors
/// The first failure, if there was one.
pub(super) async fn finish(
    core: &Core,
    asked: Asked,
    tasks: CloseReport,
    mut steps: LastSteps,
    reserve: Duration,
    message: Option<TerminationMessage>,
    home: &TaskTree,
) -> Result<Report, RunError> {
    let last_steps = steps.before_events(home.scope()).await;
    let mut report = Report::of(core.info.name(), core.info.id());
    let failures = core.journal.end(&mut report);
    report.exit_code = match core.control.is_forced() {
        Some(forced) => u8::try_from(forced.signal.exit_code()).unwrap_or(u8::MAX),
        None => u8::from(!failures.is_empty()),
    };
    report.took = asked.at.elapsed();
    report.cause = Some(asked.cause);
    report.was_ready = core.was_ready();
    report.tasks = tasks;
    report.last_steps = last_steps;
    if let Some(message) = message.filter(|_| !failures.is_empty()) {
        let text = report.failures.join("\n");
        message.leave(text, &core.journal, home.scope()).await;
    }
    core.control.announce(&core.journal);
    core.control.end_announcements();
    core.enter(Stage::Stopped);
    core.emit(Event::Stopped {
        took: report.took,
        exit_code: report.exit_code,
    });
    core.control.disarm_backstop();
    report.undelivered = core.journal.events().flush(home.scope(), reserve).await;
    let after_events = steps.after_events(home.scope()).await;
    report.last_steps.extend(after_events);
    report.tasks.absorb(home.close(Instant::now() + HOME).await);
    match failures.into_iter().next() {
        Some(error) => Err(RunError::new(error, report)),
        None => Ok(report),
    }
}
