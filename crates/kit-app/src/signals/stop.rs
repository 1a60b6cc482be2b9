//! From a signal to a stop: the request of each signal, and which one of a stop forces it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::Cause;
use tokio::time::Instant;

use super::roles::{Role, Roles};
use super::signal::Signal;
use super::terminal::Terminal;
use crate::control::Control;

/// Within this time the same signal again is the same request: a supervisor that forwards what
/// the terminal already sent doubles every Ctrl-C.
const SAME_REQUEST: Duration = Duration::from_millis(100);

/// Turns the signals of one app, or of one build, into requests to its [`Control`].
pub(super) struct StopSignals {
    roles: Roles,
    /// The terminal that the process was started from, where a hang-up can be its loss.
    terminal: Option<Terminal>,
    control: Arc<Control>,
    history: Mutex<History>,
}

/// The effect of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// A stop was asked for.
    Stops,
    /// Nothing: the app is stopping already, or the signal belongs to the one before.
    Repeats,
    /// Nothing yet: the next one forces.
    NextForces,
    /// The stop is forced.
    Forces,
    /// The process has to end now.
    EndsProcess,
    /// The configuration is to be read again.
    Reloads,
    /// The terminal has hung up. It is not lost, at least not yet.
    HangsUp,
    /// The task tree is to be printed.
    Dumps,
}

/// The signals of this stop that can force it.
#[derive(Debug, Default)]
struct History {
    /// An interrupt has come: the next one forces.
    interrupted: bool,
    /// When each was last taken.
    taken: BTreeMap<Signal, Instant>,
}

impl History {
    /// Takes the signal. `false` when it belongs to the request before.
    fn take(&mut self, signal: Signal, at: Instant) -> bool {
        let before = self.taken.get(&signal);
        let is_new = before.is_none_or(|before| at.duration_since(*before) >= SAME_REQUEST);
        if is_new {
            self.taken.insert(signal, at);
        }
        is_new
    }
}

impl StopSignals {
    pub(super) fn new(roles: Roles, terminal: Option<Terminal>, control: Arc<Control>) -> Self {
        StopSignals {
            roles,
            terminal,
            control,
            history: Mutex::default(),
        }
    }

    pub(super) fn control(&self) -> &Arc<Control> {
        &self.control
    }

    pub(super) fn role(&self, signal: Signal) -> Option<Role> {
        self.roles.of(signal)
    }

    /// Takes a signal that came at this time; `None` when it has no role. `before_forced` is called
    /// before a forced stop can be seen.
    pub(super) fn take(
        &self,
        signal: Signal,
        at: Instant,
        before_forced: impl FnOnce(),
    ) -> Option<Reaction> {
        Some(match self.roles.of(signal)? {
            Role::Stop => self.stop(signal, at),
            Role::Interrupt => self.interrupt(signal, at, before_forced),
            Role::Force => self.force(signal, at, before_forced),
            Role::Reload => match self.terminal.filter(|_| signal == Signal::HUP) {
                // The session of the process has ended.
                Some(terminal) if terminal.is_lost() => self.stop(signal, at),
                Some(_) => Reaction::HangsUp,
                None => Reaction::Reloads,
            },
            Role::Dump => Reaction::Dumps,
        })
    }

    /// A signal that asks for a stop and for nothing else: platforms repeat it.
    fn stop(&self, signal: Signal, at: Instant) -> Reaction {
        if self.ask(signal, at) {
            Reaction::Stops
        } else {
            Reaction::Repeats
        }
    }

    /// A signal of which a stop's second one forces. When it was not what asked for the stop, the
    /// first one is a warning.
    fn interrupt(&self, signal: Signal, at: Instant, before_forced: impl FnOnce()) -> Reaction {
        let mut history = kit_sync::lock(&self.history);
        if !history.take(signal, at) {
            return Reaction::Repeats;
        }
        let again = std::mem::replace(&mut history.interrupted, true);
        if self.ask(signal, at) {
            Reaction::Stops
        } else if self.control.is_forced().is_some() {
            Reaction::EndsProcess
        } else if again {
            before_forced();
            self.control.force(signal, at);
            Reaction::Forces
        } else {
            Reaction::NextForces
        }
    }

    /// A signal that forces a stop, and asks for one when there is none.
    fn force(&self, signal: Signal, at: Instant, before_forced: impl FnOnce()) -> Reaction {
        let mut history = kit_sync::lock(&self.history);
        if !history.take(signal, at) {
            Reaction::Repeats
        } else if self.ask(signal, at) {
            Reaction::Stops
        } else if self.control.is_forced().is_some() {
            Reaction::EndsProcess
        } else {
            before_forced();
            self.control.force(signal, at);
            Reaction::Forces
        }
    }

    fn ask(&self, signal: Signal, at: Instant) -> bool {
        self.control.ask_at(Cause::Signal(signal.number()), at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signals of an app, with the roles that they have by default.
    fn running() -> StopSignals {
        StopSignals::new(Roles::default(), None, Arc::new(Control::new()))
    }

    /// A stop that something else asked for.
    fn stopping() -> StopSignals {
        let signals = running();
        let cause = Cause::Requested("enough".to_owned());
        assert!(signals.control.ask(cause));
        signals
    }

    fn take(signals: &StopSignals, signal: Signal) -> Reaction {
        signals.take(signal, Instant::now(), || ()).unwrap()
    }

    fn interrupt(signals: &StopSignals) -> Reaction {
        take(signals, Signal::INT)
    }

    fn quit(signals: &StopSignals) -> Reaction {
        take(signals, Signal::QUIT)
    }

    fn terminate(signals: &StopSignals) -> Reaction {
        take(signals, Signal::TERM)
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_signal_never_forces() {
        let signals = running();
        assert_eq!(terminate(&signals), Reaction::Stops);
        let asked = signals.control.asked().await;
        assert_eq!(asked.cause, Cause::Signal(15));
        for _ in 0..10 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(terminate(&signals), Reaction::Repeats);
        }
        assert!(signals.control.is_forced().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn interrupts_count_for_themselves() {
        // One that asked for the stop is the first.
        let signals = running();
        assert_eq!(interrupt(&signals), Reaction::Stops);
        assert_eq!(terminate(&signals), Reaction::Repeats);
        assert_eq!(interrupt(&signals), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(interrupt(&signals), Reaction::Forces);
        assert_eq!(signals.control.forced().await.signal, Signal::INT);

        // After something else there are two.
        for stopping in [stopping(), {
            let signals = running();
            assert_eq!(terminate(&signals), Reaction::Stops);
            signals
        }] {
            assert_eq!(interrupt(&stopping), Reaction::NextForces);
            assert_eq!(interrupt(&stopping), Reaction::Repeats);
            tokio::time::advance(SAME_REQUEST).await;
            assert_eq!(interrupt(&stopping), Reaction::Forces);
            assert_eq!(interrupt(&stopping), Reaction::Repeats);
            tokio::time::advance(SAME_REQUEST).await;
            assert_eq!(interrupt(&stopping), Reaction::EndsProcess);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_signal_between_two_of_a_pair_does_not_part_them() {
        let signals = stopping();
        assert_eq!(interrupt(&signals), Reaction::NextForces);
        assert_eq!(terminate(&signals), Reaction::Repeats);
        assert_eq!(interrupt(&signals), Reaction::Repeats);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quit_stops_forces_and_ends() {
        let signals = running();
        assert_eq!(quit(&signals), Reaction::Stops);
        assert_eq!(quit(&signals), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(quit(&signals), Reaction::Forces);
        assert_eq!(quit(&signals), Reaction::Repeats);
        assert_eq!(interrupt(&signals), Reaction::EndsProcess);

        let signals = stopping();
        assert_eq!(quit(&signals), Reaction::Forces);
        assert_eq!(signals.control.forced().await.signal, Signal::QUIT);
        assert_eq!(terminate(&signals), Reaction::Repeats);
        tokio::time::advance(SAME_REQUEST).await;
        assert_eq!(quit(&signals), Reaction::EndsProcess);
    }
}
