//! The requests of the outside: to stop, with its cause, to force the stop, and to drain.

mod announcement;
mod asked;
mod backstop;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use announcement::{Announcement, Asks};
pub(crate) use asked::Asked;
use backstop::Backstop;
use kit_sync::{Cause, Deadline, Scope, Standstill, Watchdog};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::journal::Journal;
use crate::signals::Signal;

/// A request that is older was made before the process stood still, or before the app ran.
const STANDSTILL: Duration = Duration::from_millis(500);

/// Where stops are asked for, by signals, handles, parents and failures. The first request stands.
///
/// What waits for a request is woken in the order in which it began to wait, so that a run on a paused clock
/// can be repeated. A channel of tokio's that is watched wakes in a random order.
#[derive(Debug)]
pub(crate) struct Control {
    requests: Mutex<Requests>,
    changed: Notify,
    backstop: Backstop,
    announcement: Announcement,
    /// Where the thread lives that sees standstills; none in an app without threads.
    home: OnceLock<Scope>,
    standstill: OnceLock<Standstill>,
}

#[derive(Clone, Debug, Default)]
struct Requests {
    asked: Option<Asked>,
    forced: Option<Forced>,
    failed: bool,
    drain: Option<DrainAsked>,
}

/// The request for a drain that stands: nothing new is to come, and what comes is served.
#[derive(Clone, Debug)]
pub(crate) struct DrainAsked {
    pub(crate) why: String,
    pub(crate) at: Instant,
}

/// A step of the start was not taken, because a stop was asked for.
pub(crate) struct StopWasAsked;

/// The signal that forced the stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forced {
    pub(crate) signal: Signal,
    pub(crate) at: Instant,
}

impl Control {
    pub(crate) fn new() -> Control {
        Control {
            requests: Mutex::default(),
            changed: Notify::new(),
            backstop: Backstop::default(),
            announcement: Announcement::default(),
            home: OnceLock::new(),
            standstill: OnceLock::new(),
        }
    }

    // === requests ===

    /// Asks for a clean stop. Returns whether this was the first request.
    pub(crate) fn ask(&self, cause: Cause) -> bool {
        self.ask_at(cause, Instant::now())
    }

    /// Asks for a clean stop at the time of the signal that wants it. Returns whether this was the
    /// first request.
    pub(crate) fn ask_at(&self, cause: Cause, at: Instant) -> bool {
        self.request(cause, at, false).1
    }

    /// Asks for a clean stop, and gives the request that stands: this one, or one that came before.
    pub(crate) fn ask_unless_asked(&self, cause: Cause) -> Asked {
        self.request(cause, Instant::now(), false).0
    }

    /// Asks for a stop because of a failure.
    pub(crate) fn fail(&self, cause: Cause) {
        self.request(cause, Instant::now(), true);
    }

    /// Gives the request that stands, and whether it is this one.
    fn request(&self, cause: Cause, mut at: Instant, failed: bool) -> (Asked, bool) {
        let mut is_first = false;
        let standstill = self.watch_standstill();
        let now = Instant::now();
        if now.duration_since(at) > STANDSTILL {
            at = now;
        }
        let since = standstill.deadline(at);
        let asked = Asked {
            cause,
            at,
            since: since.clone(),
            failed,
        };
        let asked = self.change(|requests| {
            is_first = requests.asked.is_none();
            requests.failed |= failed;
            requests.asked.get_or_insert(asked).clone()
        });
        if is_first {
            self.backstop.begin(&since);
            self.announcement.announce_now(|| self.to_announce());
        }
        (asked, is_first)
    }

    /// From here on the first request has its event at once, from the thread that asks, and so has a forced
    /// stop: with a blocked runtime the stop itself does not begin.
    pub(crate) fn announce_to(&self, journal: &Arc<Journal>) {
        self.announcement.set_journal(journal);
    }

    /// Emits the events of the request and of the forced stop, as far as there are such and the threads that
    /// have asked did not do that.
    pub(crate) fn announce(&self, journal: &Journal) {
        self.announcement.announce(journal, || self.to_announce());
    }

    /// The run is over: what is asked for from here on has no event.
    pub(crate) fn end_announcements(&self) {
        self.announcement.end();
    }

    /// Takes a step of the start, which emits its event, unless a stop was asked for: a step that has lost
    /// against a request does nothing. The event of a request comes after the whole step.
    ///
    /// # Errors
    /// When a stop was asked for.
    pub(crate) fn step(&self, step: impl FnOnce()) -> Result<(), StopWasAsked> {
        let is_asked = || self.is_asked();
        self.announcement.step(is_asked, step).ok_or(StopWasAsked)
    }

    /// Forces the stop.
    pub(crate) fn force(&self, signal: Signal, at: Instant) {
        let forced = Forced { signal, at };
        self.change(|requests| requests.forced = Some(forced));
        self.backstop.force(at, &self.watch_standstill());
        self.announcement.announce_now(|| self.to_announce());
    }

    /// Asks for a drain. Returns whether this call began it: not when one was asked for before, or a
    /// stop.
    pub(crate) fn drain(&self, why: String) -> bool {
        let drain = DrainAsked {
            why,
            at: Instant::now(),
        };
        self.change(|requests| {
            let begins = requests.asked.is_none() && requests.drain.is_none();
            if begins {
                requests.drain = Some(drain);
            }
            begins
        })
    }

    /// Takes the request for a drain back. Returns whether there was one.
    ///
    /// # Errors
    /// The stop that was asked for: it goes one way.
    pub(crate) fn undrain(&self) -> Result<bool, Asked> {
        self.change(|requests| match &requests.asked {
            Some(asked) => Err(asked.clone()),
            None => Ok(requests.drain.take().is_some()),
        })
    }

    // === the requests so far ===

    fn to_announce(&self) -> Asks {
        let requests = self.lock();
        let forced = requests.forced.map(|forced| forced.signal);
        (requests.asked.clone(), forced)
    }

    /// The request for a drain, if one stands.
    pub(crate) fn drain_so_far(&self) -> Option<DrainAsked> {
        self.lock().drain.clone()
    }

    /// Resolves with the request for a drain, once one stands.
    pub(crate) async fn drain_asked(&self) -> DrainAsked {
        self.until(|requests| requests.drain.clone()).await
    }

    /// Resolves once no drain is asked for.
    pub(crate) async fn drain_taken_back(&self) {
        self.until(|requests| requests.drain.is_none().then_some(()))
            .await;
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.lock().asked.is_some()
    }

    /// The request that stands, if there is one.
    pub(crate) fn request_so_far(&self) -> Option<Asked> {
        self.lock().asked.clone()
    }

    /// Resolves with the request that stands, once there is one.
    pub(crate) async fn asked(&self) -> Asked {
        self.until(|requests| requests.asked.clone()).await
    }

    /// The signal that has forced the stop, if one has.
    pub(crate) fn is_forced(&self) -> Option<Forced> {
        self.lock().forced
    }

    /// Resolves once the stop is forced.
    pub(crate) async fn forced(&self) -> Forced {
        self.until(|requests| requests.forced).await
    }

    /// The time since the stop was forced; zero when it is not.
    pub(crate) fn since_forced(&self) -> Duration {
        self.is_forced()
            .map_or(Duration::ZERO, |forced| forced.at.elapsed())
    }

    /// Resolves once something has failed, whatever the app stops for.
    pub(crate) async fn failed(&self) {
        self.until(|requests| requests.failed.then_some(())).await;
    }

    /// Runs `future` until `deadline`, or until `grace` after the stop was forced; `None` when it
    /// had not ended by then, and was dropped.
    pub(crate) async fn within<F: Future>(
        &self,
        deadline: &Deadline,
        grace: Duration,
        future: F,
    ) -> Option<F::Output> {
        let forced = async { sleep_until(self.forced().await.at + grace).await };
        tokio::select! {
            biased;
            output = future => Some(output),
            () = deadline.passed() => None,
            () = forced => None,
        }
    }

    async fn until<T>(&self, find: impl Fn(&Requests) -> Option<T>) -> T {
        loop {
            // Woken by every change after this line, so that none between the look and the wait is missed.
            let changed = self.changed.notified();
            if let Some(found) = find(&self.lock()) {
                return found;
            }
            changed.await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Requests) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_waiters();
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        kit_sync::lock(&self.requests)
    }

    // === the threads that see to its end ===

    /// Gives the threads that see standstills a place to live.
    pub(crate) fn set_home(&self, home: &Scope) {
        let _ = self.home.set(home.clone());
    }

    /// The time in which the process stands still, from the first request on. Without a thread
    /// that measures it, a stop goes by the clock alone.
    pub(crate) fn watch_standstill(&self) -> Standstill {
        let Some(home) = self.home.get() else {
            return Standstill::unwatched();
        };
        let watch = || Standstill::watch(home).unwrap_or_default();
        self.standstill.get_or_init(watch).clone()
    }

    /// Gives the watchdog the deadline of every stop from now on. A stop that was asked for before
    /// has its whole time from here.
    pub(crate) fn arm_backstop(&self, watchdog: Watchdog, stop_timeout: Duration) {
        self.backstop.arm(watchdog, stop_timeout);
        if self.is_asked() {
            let now = self.watch_standstill().deadline(Instant::now());
            self.backstop.begin(&now);
        }
        if let Some(forced) = self.is_forced() {
            self.backstop.force(forced.at, &self.watch_standstill());
        }
    }

    /// The stop has ended: the watchdog does not end the process any more.
    pub(crate) fn disarm_backstop(&self) {
        self.backstop.end();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::Event;
    use crate::events::{Delivery, Events};

    /// A control of an app that runs, with queued delivery.
    fn running() -> (Arc<Control>, Arc<Journal>) {
        let events = Events::new(Delivery::default(), Vec::new());
        let (control, journal) = (Arc::new(Control::new()), Arc::new(Journal::new(events)));
        control.announce_to(&journal);
        (control, journal)
    }

    fn names(journal: &Journal) -> Vec<String> {
        let events = journal.events().recent();
        let name = |event: &Event| match event {
            Event::Remark { what } => what.clone(),
            Event::StopAsked { .. } => "stop asked".to_owned(),
            Event::Forced { .. } => "forced".to_owned(),
            other => panic!("{other:?}"),
        };
        events.iter().map(|stamped| name(&stamped.event)).collect()
    }

    fn stop() -> Cause {
        Cause::Requested("enough".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_stands() {
        let control = Control::new();
        assert!(control.ask(Cause::Requested("enough".to_owned())));
        control.fail(Cause::Deadline);
        assert!(!control.ask(Cause::Signal(15)));
        let asked = control.asked().await;
        assert_eq!(asked.cause, Cause::Requested("enough".to_owned()));
        assert!(!asked.failed && control.is_forced().is_none());
    }

    #[test]
    fn a_request_that_comes_during_a_step_has_its_event_after_the_step() {
        let (control, journal) = running();
        thread::scope(|scope| {
            let step = control.step(|| {
                scope.spawn(|| control.ask(stop()));
                while !control.is_asked() {
                    thread::yield_now();
                }
                journal.remark("the step".to_owned());
            });
            assert!(step.is_ok(), "it began before the request");
        });
        assert_eq!(names(&journal), ["the step", "stop asked"]);
    }

    #[test]
    fn a_step_after_a_request_is_not_taken() {
        let (control, journal) = running();
        control.ask(stop());
        let step = control.step(|| journal.remark("the step".to_owned()));
        assert!(step.is_err());
        assert_eq!(names(&journal), ["stop asked"]);
    }

    #[test]
    fn a_forced_stop_has_its_event_from_the_thread_that_forces_it() {
        let (control, journal) = running();
        control.ask(stop());
        control.force(Signal::INT, Instant::now());
        assert_eq!(names(&journal), ["stop asked", "forced"]);
        control.announce(&journal);
        assert_eq!(names(&journal).len(), 2, "each has one event");
    }

    #[test]
    fn requests_after_the_run_have_no_event() {
        let (control, journal) = running();
        control.end_announcements();
        control.ask(stop());
        control.force(Signal::INT, Instant::now());
        assert_eq!(names(&journal), [""; 0]);
    }
}
