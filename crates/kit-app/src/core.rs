//! The state that the handles, the components, the signal thread and the run of one app share.

mod progress;

use std::sync::{Arc, OnceLock};

use kit_sync::{Deadline, Gate, Latch, Scope};
use kit_transport::{IntakeSwitch, Stage};
use tokio::sync::watch;
use tokio::time::Instant;

use progress::Progress;

use crate::control::Control;
use crate::events::Events;
use crate::health::Health;
use crate::journal::Journal;
use crate::latches::Latches;
use crate::registration::Registrations;
use crate::reload::ReloadRequests;
use crate::{Error, Event, Info};

/// Each part is written by its own callers: `control` by those that ask for a stop, `journal` by
/// everything that happens, `health` by checks, `latches` by the start and by tasks that fail, `registrations` by the registration, `reloads` by those
/// that ask for one, `progress` by the run alone.
pub(crate) struct Core {
    pub(crate) info: Info,
    pub(crate) control: Arc<Control>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) health: Health,
    pub(crate) latches: Latches,
    pub(crate) registrations: Registrations,
    /// Closed and opened by drains, ended by the stop.
    pub(crate) intake: IntakeSwitch,
    pub(crate) reloads: Arc<ReloadRequests>,
    progress: Progress,
    /// The root of the app's tasks, once it runs.
    tasks: OnceLock<Scope>,
}

impl Core {
    pub(crate) fn new(info: Info, events: Events, health: Health, reloads: ReloadRequests) -> Core {
        Core {
            registrations: Registrations::new(info.clone()),
            reloads: Arc::new(reloads),
            info,
            intake: IntakeSwitch::new(),
            control: Arc::new(Control::new()),
            journal: Arc::new(Journal::new(events)),
            health,
            latches: Latches::default(),
            progress: Progress::new(),
            tasks: OnceLock::new(),
        }
    }

    pub(crate) fn emit(&self, event: Event) {
        self.journal.emit(event);
    }

    /// Records the failure, and asks for a stop because of it; the first request stands.
    pub(crate) fn fail(&self, error: Error) {
        let cause = error.cause();
        self.journal.record_failure(error);
        self.control.fail(cause);
    }

    // === the tasks ===

    /// Makes events of the failures of tasks in this scope and below.
    pub(crate) fn emit_failures_of(self: &Arc<Self>, scope: &Scope) {
        // The core keeps the tree, which keeps this.
        let weak = Arc::downgrade(self);
        scope.observe_failures(move |task| {
            if let Some(core) = weak.upgrade() {
                core.emit(Event::TaskFailed { task: task.clone() });
                core.latches.record_failure(task);
            }
        });
    }

    pub(crate) fn set_tasks(&self, root: &Scope) {
        // An app runs once.
        let _ = self.tasks.set(root.clone());
    }

    pub(crate) fn tasks(&self) -> Option<&Scope> {
        self.tasks.get()
    }

    // === the progress ===

    /// The run begins.
    pub(crate) fn begin(&self) {
        let _ = self.progress.begun.set(Instant::now());
    }

    /// When the run began; now, when it has not.
    pub(crate) fn begun(&self) -> Instant {
        let begun = self.progress.begun.get();
        begun.copied().unwrap_or_else(Instant::now)
    }

    /// A step of the start begins that ends by then, well or not.
    pub(crate) fn set_step_end(&self, end: Instant) {
        *kit_sync::lock(&self.progress.step_end) = Some(end);
    }

    /// When the step of the start that goes on has used up its limit; `None` before the first.
    pub(crate) fn step_end(&self) -> Option<Instant> {
        *kit_sync::lock(&self.progress.step_end)
    }

    /// The stop begins, and ends by then.
    pub(crate) fn set_stop_end(&self, end: &Deadline) {
        // An app stops once.
        let _ = self.progress.stop_end.set(end.clone());
    }

    /// The end of the whole stop; `None` before it has begun.
    pub(crate) fn stop_end(&self) -> Option<Instant> {
        self.progress.stop_end.get().map(Deadline::instant)
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.progress.stage.send_replace(stage);
        self.emit(Event::Entered { stage });
    }

    pub(crate) fn stage(&self) -> Stage {
        *self.progress.stage.borrow()
    }

    pub(crate) fn stages(&self) -> watch::Receiver<Stage> {
        self.progress.stage.subscribe()
    }

    /// Opens when the app is ready.
    pub(crate) fn ready(&self) -> &Gate {
        &self.progress.ready
    }

    /// Whether the start was complete, whatever came then.
    pub(crate) fn was_ready(&self) -> bool {
        self.progress.ready.is_open()
    }

    /// Whether clients may know the instance: it was ready, or a registry has shown it, which comes earlier.
    pub(crate) fn may_be_known(&self) -> bool {
        self.was_ready() || self.registrations.were_shown()
    }

    /// The start is complete.
    pub(crate) fn open_ready(&self) {
        if let Some(latch) = self.take_ready_latch() {
            self.health.mark_started();
            latch.open();
        }
    }

    /// The app will not be ready any more; without effect once it was.
    pub(crate) fn give_up_ready(&self) {
        drop(self.take_ready_latch());
    }

    fn take_ready_latch(&self) -> Option<Latch> {
        kit_sync::lock(&self.progress.latch).take()
    }
}

/// Makes events of the remarks of a component or a resource.
pub(crate) fn remarks_of(core: &Arc<Core>, name: &str) -> impl Fn(String) + Send + Sync + 'static {
    // The core keeps the tree, whose tasks keep the context.
    let (core, name) = (Arc::downgrade(core), name.to_owned());
    move |what| {
        if let Some(core) = core.upgrade() {
            core.journal.remark(format!("{name}: {what}"));
        }
    }
}

/// The owner of the app's one run: when it is dropped the app has stopped, in order or not.
pub(crate) struct RunOwner(pub(crate) Arc<Core>);

impl Drop for RunOwner {
    fn drop(&mut self) {
        let core = &self.0;
        core.give_up_ready();
        core.intake.end();
        core.control.end_announcements();
        match core.stage() {
            Stage::Stopped => {}
            Stage::Created => {
                core.progress.stage.send_replace(Stage::Stopped);
            }
            _ => {
                core.emit(Event::RunDropped);
                core.enter(Stage::Stopped);
            }
        }
        core.journal.events().close();
    }
}
