//! Who asked for the stop, and whether it is forced.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use kit_sync::{Cause, Deadline, Scope, Standstill};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::Signal;
use crate::watchdog::Backstop;

/// Within this time the same signal again is the same request: a supervisor that forwards what
/// the terminal already sent doubles every Ctrl-C.
const SAME_REQUEST: Duration = Duration::from_millis(100);

/// A request that is older has been taken before the process stood still, or before the app ran.
const STANDSTILL: Duration = Duration::from_millis(500);

/// Where stops are asked for, by signals and by others. The first request stands.
#[derive(Debug)]
pub(crate) struct Control {
    state: watch::Sender<State>,
    seen: Mutex<Seen>,
    /// The signals that ask for a stop, once they are taken.
    stopping: OnceLock<Vec<Signal>>,
    pub(crate) backstop: Backstop,
    /// Where the thread lives that sees standstills; none in an app without threads.
    home: OnceLock<Scope>,
    standstill: OnceLock<Standstill>,
}

#[derive(Clone, Debug, Default)]
struct State {
    asked: Option<Asked>,
    forced: Option<Forced>,
    failed: bool,
}

/// The request that the app stops for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) cause: Cause,
    pub(crate) at: Instant,
    /// The app stops because something failed, not because somebody wanted it to.
    pub(crate) failed: bool,
}

/// The signal that forced the stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forced {
    pub(crate) signal: i32,
    pub(crate) at: Instant,
}

/// The signals of this stop that can force it.
#[derive(Debug, Default)]
struct Seen {
    /// The next interrupt forces.
    interrupted: bool,
    /// When each was last taken.
    taken: BTreeMap<Signal, Instant>,
}

impl Seen {
    /// Whether this is a request of its own.
    fn take(&mut self, signal: Signal, at: Instant) -> bool {
        let before = self.taken.get(&signal);
        let is_new = before.is_none_or(|before| at.duration_since(*before) >= SAME_REQUEST);
        if is_new {
            self.taken.insert(signal, at);
        }
        is_new
    }
}

/// What a signal has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// A stop was asked for.
    Stops,
    /// Nothing: the app is stopping already, or the signal belongs to the one before.
    Repeats,
    /// Nothing yet: the next one forces.
    Warns,
    /// The stop is forced.
    Forces,
    /// The process has to end now.
    Ends,
}

impl Control {
    pub(crate) fn new() -> Control {
        Control {
            state: watch::Sender::default(),
            seen: Mutex::default(),
            stopping: OnceLock::new(),
            backstop: Backstop::default(),
            home: OnceLock::new(),
            standstill: OnceLock::new(),
        }
    }

    /// Asks for a clean stop. Returns whether this was the first request.
    pub(crate) fn ask(&self, cause: Cause) -> bool {
        self.request(Asked {
            cause,
            at: Instant::now(),
            failed: false,
        })
    }

    /// Stops because of a failure.
    pub(crate) fn fail(&self, cause: Cause) -> bool {
        self.request(Asked {
            cause,
            at: Instant::now(),
            failed: true,
        })
    }

    fn request(&self, mut asked: Asked) -> bool {
        let mut first = false;
        // Before the stop begins on another thread: the process may stand still in between.
        let standstill = self.watch_standstill();
        let now = Instant::now();
        if now.duration_since(asked.at) > STANDSTILL {
            asked.at = now;
        }
        let at = asked.at;
        self.state.send_modify(|state| {
            first = state.asked.is_none();
            state.failed |= asked.failed;
            state.asked.get_or_insert(asked);
        });
        if first {
            self.backstop.stop_asked(at, &standstill);
        }
        first
    }

    pub(crate) fn set_home(&self, home: &Scope) {
        let _ = self.home.set(home.clone());
    }

    /// What the process misses from the first request on. Without a thread for it, a stop goes by
    /// the clock alone.
    pub(crate) fn watch_standstill(&self) -> Standstill {
        let Some(home) = self.home.get() else {
            return Standstill::unwatched();
        };
        let watch = || Standstill::watch(home).unwrap_or_default();
        self.standstill.get_or_init(watch).clone()
    }

    /// These signals are taken from now on. An app takes them once.
    pub(crate) fn set_stopping(&self, signals: Vec<Signal>) {
        let _ = self.stopping.set(signals);
    }

    /// The signals that ask for a stop; none when the app takes none.
    pub(crate) fn stopping(&self) -> Vec<Signal> {
        self.stopping.get().cloned().unwrap_or_default()
    }

    /// A signal that asks for a stop and for nothing else: platforms repeat it.
    pub(crate) fn stop_signal(&self, signal: Signal, at: Instant) -> Reaction {
        if self.ask_by(signal, at) {
            Reaction::Stops
        } else {
            Reaction::Repeats
        }
    }

    /// A signal of which a stop's second one forces. When it was not what asked for the stop, the
    /// first one is a warning. `on_forced` is called before the forced stop can be seen.
    pub(crate) fn interrupt(
        &self,
        signal: Signal,
        at: Instant,
        on_forced: impl FnOnce(),
    ) -> Reaction {
        let mut seen = kit_sync::lock(&self.seen);
        if !seen.take(signal, at) {
            return Reaction::Repeats;
        }
        let again = std::mem::replace(&mut seen.interrupted, true);
        if self.ask_by(signal, at) {
            Reaction::Stops
        } else if self.is_forced().is_some() {
            Reaction::Ends
        } else if again {
            self.force_by(signal, at, on_forced)
        } else {
            Reaction::Warns
        }
    }

    /// A signal that forces a stop, and asks for one when there is none. `on_forced` is called
    /// before the forced stop can be seen.
    pub(crate) fn force(&self, signal: Signal, at: Instant, on_forced: impl FnOnce()) -> Reaction {
        let mut seen = kit_sync::lock(&self.seen);
        if !seen.take(signal, at) {
            Reaction::Repeats
        } else if self.ask_by(signal, at) {
            Reaction::Stops
        } else if self.is_forced().is_some() {
            Reaction::Ends
        } else {
            self.force_by(signal, at, on_forced)
        }
    }

    fn ask_by(&self, signal: Signal, at: Instant) -> bool {
        self.request(Asked {
            cause: Cause::Signal(signal.number()),
            at,
            failed: false,
        })
    }

    fn force_by(&self, signal: Signal, at: Instant, on_forced: impl FnOnce()) -> Reaction {
        on_forced();
        let signal = signal.number();
        let forced = Forced { signal, at };
        self.state.send_modify(|state| state.forced = Some(forced));
        self.backstop.forced(at, &self.watch_standstill());
        Reaction::Forces
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.state.borrow().asked.is_some()
    }

    pub(crate) fn request_that_stands(&self) -> Option<Asked> {
        self.state.borrow().asked.clone()
    }

    /// Resolves with the request that stands, once there is one.
    pub(crate) async fn asked(&self) -> Asked {
        self.until(|state| state.asked.clone()).await
    }

    /// Resolves once the stop is forced.
    pub(crate) async fn forced(&self) -> Forced {
        self.until(|state| state.forced).await
    }

    /// Resolves once something has failed, whatever the app stops for.
    pub(crate) async fn failed(&self) {
        self.until(|state| state.failed.then_some(())).await;
    }

    /// For how long the stop has been forced; nothing when it is not.
    pub(crate) fn since_forced(&self) -> Duration {
        self.is_forced()
            .map_or(Duration::ZERO, |forced| forced.at.elapsed())
    }

    pub(crate) fn is_forced(&self) -> Option<Forced> {
        self.state.borrow().forced
    }

    /// Runs `future` until `limit`, or until `grace` after the stop was forced; `None` when it was
    /// not done by then, and was dropped.
    pub(crate) async fn within<F: Future>(
        &self,
        limit: &Deadline,
        grace: Duration,
        future: F,
    ) -> Option<F::Output> {
        let forced = async { sleep_until(self.forced().await.at + grace).await };
        tokio::select! {
            biased;
            output = future => Some(output),
            () = limit.passed() => None,
            () = forced => None,
        }
    }

    async fn until<T>(&self, find: impl Fn(&State) -> Option<T>) -> T {
        let mut state = self.state.subscribe();
        loop {
            if let Some(found) = find(&state.borrow_and_update()) {
                return found;
            }
            // The sender is `self`: it is alive.
            let _ = state.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stop that something else asked for.
    fn stopping() -> Control {
        let control = Control::new();
        assert!(control.ask(Cause::Requested("enough".to_owned())));
        control
    }

    fn interrupt(control: &Control) -> Reaction {
        control.interrupt(Signal::INT, Instant::now(), || ())
    }

    fn quit(control: &Control) -> Reaction {
        control.force(Signal::QUIT, Instant::now(), || ())
    }

    fn terminate(control: &Control) -> Reaction {
        control.stop_signal(Signal::TERM, Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_signal_never_forces() {
        let control = Control::new();
        assert_eq!(terminate(&control), Reaction::Stops);
        assert_eq!(control.asked().await.cause, Cause::Signal(15));
        for _ in 0..10 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(terminate(&control), Reaction::Repeats);
        }
        assert!(control.is_forced().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn interrupts_count_for_themselves() {
        // One that asked for the stop is the first.
        let control = Control::new();
        assert_eq!(interrupt(&control), Reaction::Stops);
        assert_eq!(terminate(&control), Reaction::Repeats);
        assert_eq!(interrupt(&control), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(interrupt(&control), Reaction::Forces);
        assert_eq!(control.forced().await.signal, 2);

        // After something else there are two.
        for stopping in [stopping(), {
            let control = Control::new();
            assert_eq!(terminate(&control), Reaction::Stops);
            control
        }] {
            assert_eq!(interrupt(&stopping), Reaction::Warns);
            assert_eq!(interrupt(&stopping), Reaction::Repeats);
            tokio::time::advance(SAME_REQUEST).await;
            assert_eq!(interrupt(&stopping), Reaction::Forces);
            assert_eq!(interrupt(&stopping), Reaction::Repeats);
            tokio::time::advance(SAME_REQUEST).await;
            assert_eq!(interrupt(&stopping), Reaction::Ends);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_signal_between_two_of_a_pair_does_not_part_them() {
        let control = stopping();
        assert_eq!(interrupt(&control), Reaction::Warns);
        assert_eq!(terminate(&control), Reaction::Repeats);
        assert_eq!(interrupt(&control), Reaction::Repeats);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quit_stops_forces_and_ends() {
        let control = Control::new();
        assert_eq!(quit(&control), Reaction::Stops);
        assert_eq!(quit(&control), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(quit(&control), Reaction::Forces);
        assert_eq!(quit(&control), Reaction::Repeats);
        assert_eq!(interrupt(&control), Reaction::Ends);

        let control = stopping();
        assert_eq!(quit(&control), Reaction::Forces);
        assert_eq!(control.forced().await.signal, 3);
        assert_eq!(terminate(&control), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(quit(&control), Reaction::Ends);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_stands() {
        let control = stopping();
        assert!(!control.fail(Cause::Deadline));
        assert_eq!(terminate(&control), Reaction::Repeats);
        let asked = control.asked().await;
        assert_eq!(asked.cause, Cause::Requested("enough".to_owned()));
        assert!(!asked.failed && control.is_forced().is_none());
    }
}
