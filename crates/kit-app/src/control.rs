//! Who asked for the stop, and whether it is forced.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kit_sync::{Cause, Deadline};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::watchdog::Backstop;

/// Within this time the same signal again is the same request: a supervisor that forwards what
/// the terminal already sent doubles every Ctrl-C.
const SAME_REQUEST: Duration = Duration::from_millis(100);

/// Where stops are asked for. The first request stands; a second signal forces.
#[derive(Debug)]
pub(crate) struct Control {
    state: watch::Sender<State>,
    signals: Mutex<Seen>,
    pub(crate) backstop: Backstop,
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

/// The second signal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forced {
    pub(crate) signal: i32,
    pub(crate) at: Instant,
}

#[derive(Debug, Default)]
struct Seen {
    count: usize,
    last: Option<(i32, Instant)>,
}

/// What a signal has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// A stop was asked for.
    Stops,
    /// It belongs to the one before.
    Repeats,
    /// The stop is forced.
    Forces,
    /// The process has to end now.
    Ends,
}

impl Control {
    pub(crate) fn new() -> Control {
        Control {
            state: watch::Sender::default(),
            signals: Mutex::default(),
            backstop: Backstop::default(),
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

    fn request(&self, asked: Asked) -> bool {
        let mut first = false;
        let at = asked.at;
        self.state.send_modify(|state| {
            first = state.asked.is_none();
            state.failed |= asked.failed;
            state.asked.get_or_insert(asked);
        });
        if first {
            self.backstop.stop_asked(at);
        }
        first
    }

    /// `on_forced` is called before the forced stop can be seen.
    pub(crate) fn signal(&self, signal: i32, on_forced: impl FnOnce()) -> Reaction {
        let at = Instant::now();
        let mut seen = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        let repeats = seen
            .last
            .is_some_and(|(last, when)| last == signal && at - when < SAME_REQUEST);
        if repeats {
            return Reaction::Repeats;
        }
        seen.last = Some((signal, at));
        seen.count += 1;
        match seen.count {
            1 => {
                self.ask(Cause::Signal(signal));
                Reaction::Stops
            }
            2 => {
                on_forced();
                let forced = Forced { signal, at };
                self.state.send_modify(|state| state.forced = Some(forced));
                self.backstop.forced(at);
                Reaction::Forces
            }
            _ => Reaction::Ends,
        }
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.state.borrow().asked.is_some()
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

    #[tokio::test(start_paused = true)]
    async fn the_first_signal_stops_the_second_forces_and_the_third_ends() {
        let control = Control::new();
        assert_eq!(control.signal(15, || ()), Reaction::Stops);
        assert_eq!(control.asked().await.cause, Cause::Signal(15));
        assert!(control.is_forced().is_none());
        assert_eq!(control.signal(2, || ()), Reaction::Forces);
        assert_eq!(control.forced().await.signal, 2);
        assert_eq!(control.signal(3, || ()), Reaction::Ends);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_signal_within_a_tenth_of_a_second_is_the_same_request() {
        let control = Control::new();
        assert_eq!(control.signal(2, || ()), Reaction::Stops);
        assert_eq!(control.signal(2, || ()), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(control.signal(2, || ()), Reaction::Forces);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_after_another_request_is_the_first_signal_and_the_request_stands() {
        let control = Control::new();
        assert!(control.ask(Cause::Requested("enough".to_owned())));
        assert!(!control.fail(Cause::Deadline));
        assert_eq!(control.signal(15, || ()), Reaction::Stops);
        let asked = control.asked().await;
        assert_eq!(asked.cause, Cause::Requested("enough".to_owned()));
        assert!(!asked.failed && control.is_forced().is_none());
    }
}
