//! The record of everything that happens: an event at once, and a part of the report at the end.

mod component_states;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use kit_sync::error_chain;
use kit_transport::{Listening, Meter};
use tokio::time::{Instant, sleep_until};

use component_states::ComponentStates;

use crate::events::Events;
use crate::orchestrator::Outbox;
use crate::{
    Awaited, ComponentReport, ComponentStatus, Error, Event, HookReport, RegistrationReport,
    Report, ResourceReport, Signal,
};

/// How long the lifecycle waits before an event says what for.
const FIRST: Duration = Duration::from_secs(2);
/// The time between two such events.
const AGAIN: Duration = Duration::from_secs(10);

/// Written by every part of the app, in the order of the sequence.
pub(crate) struct Journal {
    events: Events,
    components: ComponentStates,
    /// Where the admin server listens, once it does.
    admin: OnceLock<Vec<Listening>>,
    /// What the service manager has to hear of the events; none without a service manager.
    outbox: OnceLock<Arc<Outbox>>,
    entries: Mutex<Entries>,
}

/// What the report will say.
#[derive(Default)]
struct Entries {
    /// In the order in which they came.
    failures: Vec<Error>,
    remarks: Vec<String>,
    hooks: Vec<HookReport>,
    components: Vec<ComponentReport>,
    registrations: Vec<RegistrationReport>,
    resources: Vec<ResourceReport>,
}

impl Journal {
    pub(crate) fn new(events: Events) -> Journal {
        Journal {
            events,
            components: ComponentStates::default(),
            admin: OnceLock::new(),
            outbox: OnceLock::new(),
            entries: Mutex::default(),
        }
    }

    /// How events reach their consumers.
    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    /// The components whose start was called, as the events have shown them.
    pub(crate) fn components(&self) -> Vec<ComponentStatus> {
        self.components.all()
    }

    /// Where the admin server listens: nowhere before it has begun, or when there is none.
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "for tests of a service")
    )]
    pub(crate) fn admin(&self) -> &[Listening] {
        self.admin.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn emit(&self, event: Event) {
        self.components.follow(&event);
        if let Event::AdminStarted { listening } = &event {
            let _ = self.admin.set(listening.clone());
        }
        if let Some(outbox) = self.outbox.get() {
            outbox.follow(&event);
        }
        self.events.emit(event);
    }

    /// From here on every event is noted for the service manager.
    pub(crate) fn note_for_service_manager(&self) -> Arc<Outbox> {
        Arc::clone(self.outbox.get_or_init(Arc::default))
    }

    /// Counts a failure of a worker that has no event of its kind: the states count each of them.
    pub(crate) fn count_failure(&self, component: &str, path: &str, why: &str) {
        self.components.count_failure(component, path, why);
    }

    /// Sets what reads the counts of a component whose start is called.
    pub(crate) fn set_meter(&self, component: &str, meter: &Meter) {
        self.components.set_meter(component, meter.clone());
    }

    /// Records a failure: it makes the exit code 1.
    pub(crate) fn record_failure(&self, error: Error) {
        let line = error_chain(&error);
        self.lock().failures.push(error);
        self.emit(Event::Failed { error: line });
    }

    /// Records that a signal has forced the stop. The event comes with the request that follows: this is
    /// called by the signal thread, which waits for no consumer.
    pub(crate) fn record_forced(&self, signal: Signal) {
        self.lock().failures.push(Error::Forced { signal });
    }

    /// Records what changes neither the app's course nor its exit code.
    pub(crate) fn remark(&self, what: String) {
        self.note(what.clone());
        self.emit(Event::Remark { what });
    }

    /// The same for a fault that is found once the report is made.
    pub(crate) fn remark_late(&self, what: String) {
        self.emit(Event::Remark { what });
    }

    /// Notes a remark of which another event has spoken: for the report alone.
    pub(crate) fn note(&self, what: String) {
        self.lock().remarks.push(what);
    }

    pub(crate) fn record_hook(&self, report: HookReport) {
        self.lock().hooks.push(report);
    }

    pub(crate) fn record_component(&self, mut report: ComponentReport) {
        report.workers = self.components.workers_of(&report.name);
        self.lock().components.push(report);
    }

    pub(crate) fn record_resource(&self, report: ResourceReport) {
        self.lock().resources.push(report);
    }

    pub(crate) fn record_registration(&self, report: RegistrationReport) {
        self.lock().registrations.push(report);
    }

    /// Ends the record: its entries go into the report, and the failures come back as errors.
    pub(crate) fn end(&self, report: &mut Report) -> Vec<Error> {
        let entries = std::mem::take(&mut *self.lock());
        let failures = entries.failures.iter();
        report.failures = failures.map(|error| error_chain(error)).collect();
        report.remarks = entries.remarks;
        report.hooks = entries.hooks;
        report.components = entries.components;
        report.registrations = entries.registrations;
        report.resources = entries.resources;
        entries.failures
    }

    /// Awaits `future`, and emits an event that says what is awaited after 2 s and then every
    /// 10 s.
    pub(crate) async fn awaits<F: Future>(
        &self,
        what: impl Fn() -> Awaited,
        future: F,
    ) -> F::Output {
        self.awaits_since(Instant::now(), what, future).await
    }

    /// The same for something that was awaited before: its time goes on from `begun`.
    pub(crate) async fn awaits_since<F: Future>(
        &self,
        begun: Instant,
        what: impl Fn() -> Awaited,
        future: F,
    ) -> F::Output {
        let next = next_after(begun, Instant::now());
        self.awaits_from(begun, next, what, future).await
    }

    /// The same for something that was awaited until `paused`, and is again. When an event would have come
    /// meanwhile, the next one comes within 2 s.
    pub(crate) async fn awaits_again<F: Future>(
        &self,
        begun: Instant,
        paused: Option<Instant>,
        what: impl Fn() -> Awaited,
        future: F,
    ) -> F::Output {
        let now = Instant::now();
        let mut next = next_after(begun, now);
        if paused.is_some_and(|paused| next_after(begun, paused) < next) {
            next = next.min(now + FIRST);
        }
        self.awaits_from(begun, next, what, future).await
    }

    async fn awaits_from<F: Future>(
        &self,
        begun: Instant,
        mut next: Instant,
        what: impl Fn() -> Awaited,
        future: F,
    ) -> F::Output {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return output,
                () = sleep_until(next) => {
                    let (what, since) = (what(), begun.elapsed());
                    self.emit(Event::Waiting { what, since });
                    next += AGAIN;
                    // Time in which the process stood still has one line, not one for each 10 s.
                    let now = Instant::now();
                    if next <= now {
                        next = now + AGAIN;
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        kit_sync::lock(&self.entries)
    }
}

/// The next time at which a wait since `begun` has an event, after `now`.
fn next_after(begun: Instant, now: Instant) -> Instant {
    let mut next = begun + FIRST;
    while next <= now {
        next += AGAIN;
    }
    next
}
