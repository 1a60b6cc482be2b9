//! The last steps of a stop, each on a thread that no runtime can hold up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{BoxError, Deadline, Scope};
use tokio::time::Instant;

use crate::budget::{CUT_AHEAD, FORCED};
use crate::core::Core;
use crate::last_step::LastStep;
use crate::settings::Settings;
use crate::{Awaited, Event, LastStepReport};

/// The time of a step that begins after its deadline, or after that of a forced stop.
const LATE: Duration = Duration::from_millis(150);

/// At most so long, or a tenth of the steps' time, is waited for consumers of events that are behind.
const EVENTS_SO_FAR: Duration = Duration::from_millis(500);

/// The last steps, before and after the delivery of the events.
pub(crate) struct LastSteps {
    core: Arc<Core>,
    before_events: Vec<LastStep>,
    after_events: Vec<LastStep>,
    /// The end of the whole stop.
    end: Deadline,
    /// The time at the end that is for those after the events.
    late: Duration,
}

impl LastSteps {
    pub(crate) fn take(core: &Arc<Core>, settings: &mut Settings, end: &Deadline) -> LastSteps {
        let [all, late] = settings.last_steps_limits();
        let granted = all.min(settings.stop_timeout / 4);
        let steps = std::mem::take(&mut settings.last_steps);
        let (after_events, before_events) =
            steps.into_iter().partition(|step| step.is_after_events);
        LastSteps {
            core: Arc::clone(core),
            before_events,
            after_events,
            end: end.clone(),
            late: late.min(granted / 2),
        }
    }

    /// Runs those before the last events are delivered. One that fails is an event.
    ///
    /// Observers have what has happened so far then, as the last export of metrics counts what they have seen. A stop
    /// that is forced does not wait for them.
    pub(crate) async fn before_events(&mut self, home: &Scope) -> Vec<LastStepReport> {
        let steps = std::mem::take(&mut self.before_events);
        let end = self.end.earlier_by(self.late);
        if !steps.is_empty() && self.core.control.is_forced().is_none() {
            let left = end.instant().saturating_duration_since(Instant::now());
            let limit = (left / 10).min(EVENTS_SO_FAR);
            self.core.journal.events().catch_up(home, limit).await;
        }
        let reports = self.run(steps, &end, home).await;
        for report in &reports {
            if let Some(error) = &report.error {
                let what = format!("last step `{}` {error}", report.name);
                self.core.emit(Event::Remark { what });
            }
        }
        reports
    }

    /// Runs those after that.
    pub(crate) async fn after_events(&mut self, home: &Scope) -> Vec<LastStepReport> {
        let steps = std::mem::take(&mut self.after_events);
        let end = self.end.clone();
        self.run(steps, &end, home).await
    }

    /// Each has its limit, and an equal share of the time until `end` when that is less.
    async fn run(&self, steps: Vec<LastStep>, end: &Deadline, home: &Scope) -> Vec<LastStepReport> {
        let mut reports = Vec::new();
        let mut left = steps.len();
        for step in steps {
            end.catch_up().await;
            let share = end.first_of(u32::try_from(left).unwrap_or(1));
            left -= 1;
            let end = share.sooner(end.after(step.limit));
            let end = end.later(self.end.after(LATE.min(step.limit)));
            reports.push(self.run_one(step, &end, home).await);
        }
        reports
    }

    async fn run_one(&self, step: LastStep, end: &Deadline, home: &Scope) -> LastStepReport {
        let begun = Instant::now();
        let time = end.instant().saturating_duration_since(begun);
        // One that takes all of what it is shown is still waited for.
        let time = time - (time / 10).min(CUT_AHEAD);
        let name = step.name.clone();
        let run = step.into_run();
        let ended = if self.core.journal.events().is_inline() {
            // The app has no threads.
            let ran = catch_unwind(AssertUnwindSafe(|| run(time)));
            ran.map_err(|_| "panicked".to_owned())
        } else {
            self.run_on_thread(&name, move || run(time), end, home)
                .await
        };
        let (lines, error) = match ended {
            Ok(lines) => (lines, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        LastStepReport {
            name,
            took: begun.elapsed(),
            lines,
            error,
        }
    }

    /// # Errors
    /// Why it has no result.
    async fn run_on_thread(
        &self,
        name: &str,
        run: impl FnOnce() -> Vec<String> + Send + 'static,
        end: &Deadline,
        home: &Scope,
    ) -> Result<Vec<String>, String> {
        let begun = Instant::now();
        let running = home.spawn_thread(format!("last step {name}"), move |_| {
            Ok::<_, BoxError>(run())
        });
        let running = running.map_err(|error| format!("has no thread: {error}"))?;
        let awaited = || Awaited::LastStep {
            name: name.to_owned(),
        };
        let control = &self.core.control;
        let running = control.within(end, FORCED + LATE, running);
        match self.core.journal.awaits(awaited, running).await {
            Some(Ok(lines)) => Ok(lines),
            Some(Err(error)) => Err(error.to_string()),
            None => Err(format!("did not end within {:.1?}", begun.elapsed())),
        }
    }
}
