//! Signals that come while the app is being built.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use kit_sync::{Cause, Scope};
use tokio::time::Instant;

use super::Signal;
use super::os::{Terminal, end_process};
use super::roles::{Role, Roles};
use crate::control::{Control, Reaction};
use crate::last_words::last_words;

/// How long a build may go on after a stop was asked for. One that awaits is dropped at once; one
/// that blocks its thread cannot be.
const BUILD_ENDS: Duration = Duration::from_secs(5);

/// What stands in for the app until it is there: a stop drops the build, a forced one ends the
/// process, and everything is kept for the app.
pub(super) struct Building {
    roles: Roles,
    terminal: Terminal,
    home: Scope,
    control: Arc<Control>,
    /// The first of each signal.
    kept: Vec<(Signal, Instant)>,
    limit: Limit,
}

/// The end of a build that blocks its thread.
enum Limit {
    /// Nothing has asked for a stop so far.
    Ready,
    /// A thread ends the process, unless this is dropped before.
    Running { _build: mpsc::Sender<()> },
    /// The build is over, or cannot be limited.
    Off,
}

impl Building {
    pub(super) fn new(roles: Roles, terminal: Terminal, home: &Scope) -> Building {
        Building {
            roles,
            terminal,
            home: home.clone(),
            control: Arc::new(Control::new()),
            kept: Vec::new(),
            limit: Limit::Ready,
        }
    }

    /// Where a stop is asked for.
    pub(super) fn control(&self) -> &Arc<Control> {
        &self.control
    }

    pub(super) fn role(&self, signal: Signal) -> Option<Role> {
        self.roles.of(signal)
    }

    /// Nothing is left that could block.
    pub(super) fn end(&mut self) {
        self.limit = Limit::Off;
    }

    pub(super) fn take_kept(&mut self) -> Vec<(Signal, Instant)> {
        std::mem::take(&mut self.kept)
    }

    /// Takes a signal that came at this time. Gives an exit code when the process has to end now.
    pub(super) fn take(&mut self, signal: Signal, at: Instant) -> Option<i32> {
        let reaction = match self.roles.now(signal, Some(self.terminal))? {
            Role::Stop => self.control.stop_signal(signal, at),
            Role::Interrupt => self.control.interrupt(signal, at, || ()),
            Role::Force => self.control.force(signal, at, || ()),
            Role::Reload | Role::Dump => Reaction::Repeats,
        };
        match reaction {
            // Nothing was begun that could be ended in an order.
            Reaction::Forces | Reaction::Ends => return Some(signal.exit_code()),
            Reaction::Stops => self.begin_limit(signal),
            Reaction::Repeats | Reaction::Warns => {}
        }
        if !self.kept.iter().any(|(kept, _)| *kept == signal) {
            self.kept.push((signal, at));
        }
        None
    }

    fn begin_limit(&mut self, signal: Signal) {
        if !matches!(self.limit, Limit::Ready) {
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
            Ok(_) => Limit::Running { _build: build },
            Err(_) => Limit::Off,
        };
    }
}
