//! Signals that come while the app is being built.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use kit_sync::{Cause, Scope};
use tokio::time::Instant;

use super::os::end_process;
use super::roles::{Role, Roles};
use super::signal::Signal;
use super::stop::{Reaction, StopSignals};
use super::terminal::Terminal;
use crate::control::Control;
use crate::last_words::last_words;

/// How long a build may go on after a stop was asked for. One that awaits is dropped at once; one
/// that blocks its thread cannot be.
const BUILD_ENDS: Duration = Duration::from_secs(5);

/// Takes the signals until the app is built: a stop drops the build, a forced one ends the
/// process, and each signal is kept for the app.
pub(super) struct Building {
    signals: StopSignals,
    home: Scope,
    /// The first of each signal.
    kept: Vec<(Signal, Instant)>,
    limit: BuildLimit,
}

/// The end of a build that blocks its thread.
enum BuildLimit {
    /// No stop was asked for so far.
    Ready,
    /// A thread ends the process, unless this is dropped before.
    Running { _build: mpsc::Sender<()> },
    /// The build has ended, or cannot be limited.
    Off,
}

impl Building {
    pub(super) fn new(roles: Roles, terminal: Terminal, home: &Scope) -> Building {
        Building {
            signals: StopSignals::new(roles, Some(terminal), Arc::new(Control::new())),
            home: home.clone(),
            kept: Vec::new(),
            limit: BuildLimit::Ready,
        }
    }

    /// Where a stop is asked for.
    pub(super) fn control(&self) -> &Arc<Control> {
        self.signals.control()
    }

    pub(super) fn role(&self, signal: Signal) -> Option<Role> {
        self.signals.role(signal)
    }

    /// The build has ended: its limit is off.
    pub(super) fn end(&mut self) {
        self.limit = BuildLimit::Off;
    }

    pub(super) fn take_kept(&mut self) -> Vec<(Signal, Instant)> {
        std::mem::take(&mut self.kept)
    }

    /// Takes a signal that came at this time. Gives an exit code when the process has to end now.
    pub(super) fn take(&mut self, signal: Signal, at: Instant) -> Option<i32> {
        match self.signals.take(signal, at, || ())? {
            // Nothing was begun that could be stopped in an order.
            Reaction::Forces | Reaction::EndsProcess => return Some(signal.exit_code()),
            Reaction::Stops => self.begin_limit(signal),
            // The app gets these, too.
            Reaction::Repeats
            | Reaction::NextForces
            | Reaction::Reloads
            | Reaction::HangsUp
            | Reaction::Dumps => {}
        }
        if !self.kept.iter().any(|(kept, _)| *kept == signal) {
            self.kept.push((signal, at));
        }
        None
    }

    fn begin_limit(&mut self, signal: Signal) {
        if !matches!(self.limit, BuildLimit::Ready) {
            return;
        }
        let (build, ended) = mpsc::channel::<()>();
        let home = self.home.clone();
        let limit = self.home.spawn_thread("build limit", move |_| {
            if ended.recv_timeout(BUILD_ENDS) == Err(mpsc::RecvTimeoutError::Timeout) {
                let cause = Cause::Signal(signal.number());
                let words = format!(
                    "error: a stop was asked for ({cause}), and the build of the app has blocked \
                     its thread for {BUILD_ENDS:?} since: ending the process with exit code 1\n"
                );
                last_words(&home, words);
                end_process(1);
            }
        });
        self.limit = match limit {
            Ok(_) => BuildLimit::Running { _build: build },
            Err(_) => BuildLimit::Off,
        };
    }
}
