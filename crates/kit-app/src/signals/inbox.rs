//! What an app does with the signals that it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kit_sync::{Cause, Ending, Scope};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep};

use super::Signal;
use super::os::Terminal;
use super::roles::{Role, Roles};
use crate::Event;
use crate::control::Reaction;
use crate::handle::Core;

/// Lines that wait for their task. What is more than that comes too fast to be read.
const WAITING: usize = 16;

/// How long the end of a session's leader may take from its signal to the loss of the terminal.
const HANG_UP: Duration = Duration::from_millis(100);

/// One app's signals. Taking one sets a state and waits for nothing: a task emits the event about
/// it, and a thread makes a dump.
pub(crate) struct Inbox {
    core: Arc<Core>,
    roles: Roles,
    terminal: Option<Terminal>,
    tree: Scope,
    lines: Sender<Line>,
    /// Told of each hang-up of a terminal that is not lost yet; many at once are one.
    hang_ups: Arc<Notify>,
    /// How many dumps are wanted or being made.
    dumps: Arc<AtomicUsize>,
}

/// A signal that changed nothing, and has an event all the same.
#[derive(Clone, Copy, Debug)]
enum Line {
    Repeated(Signal),
    NextForces(Signal),
    NothingToReload(Signal),
}

impl Inbox {
    /// `terminal` is the one that the app stops with, if there is one.
    pub(super) fn new(
        core: &Arc<Core>,
        roles: Roles,
        terminal: Option<Terminal>,
        tree: &Scope,
    ) -> Inbox {
        let (lines, waiting) = mpsc::channel(WAITING);
        let hang_ups = Arc::new(Notify::new());
        let signals = tree.child("signals");
        signals.spawn_as(
            "lines",
            Ending::MayBeDropped,
            tell(waiting, Arc::clone(core)),
        );
        if let Some(terminal) = terminal {
            let waiting = wait_for_losses(Arc::clone(&hang_ups), terminal, Arc::clone(core));
            signals.spawn_as("hang-ups", Ending::MayBeDropped, waiting);
        }
        Inbox {
            core: Arc::clone(core),
            roles,
            terminal,
            tree: tree.clone(),
            lines,
            hang_ups,
            dumps: Arc::default(),
        }
    }

    pub(super) fn role(&self, signal: Signal) -> Option<Role> {
        self.roles.of(signal)
    }

    /// Takes a signal that came at this time. Gives an exit code when the process has to end now.
    pub(super) fn take(&self, signal: Signal, at: Instant) -> Option<i32> {
        let control = &self.core.control;
        let on_forced = || self.core.keep_forced(signal);
        let reaction = match self.roles.now(signal, self.terminal)? {
            Role::Stop => control.stop_signal(signal, at),
            Role::Interrupt => control.interrupt(signal, at, on_forced),
            Role::Force => control.force(signal, at, on_forced),
            Role::Reload if signal == Signal::HUP && self.terminal.is_some() => {
                self.hang_ups.notify_one();
                return None;
            }
            Role::Reload => {
                self.tell(Line::NothingToReload(signal));
                return None;
            }
            Role::Dump => {
                self.dump(signal);
                return None;
            }
        };
        match reaction {
            Reaction::Stops | Reaction::Forces => None,
            Reaction::Repeats => {
                self.tell(Line::Repeated(signal));
                None
            }
            Reaction::Warns => {
                self.tell(Line::NextForces(signal));
                None
            }
            Reaction::Ends => {
                let forced = control
                    .is_forced()
                    .map(|forced| Signal::from(forced.signal));
                Some(forced.unwrap_or(signal).exit_code())
            }
        }
    }

    fn tell(&self, line: Line) {
        // Full while the runtime is blocked: the signal has done what it does without a line.
        let _ = self.lines.try_send(line);
    }

    /// On a thread, because it is wanted most when the runtime is blocked; one at a time, because
    /// the log may be blocked, too. Those that are wanted meanwhile are one more.
    fn dump(&self, signal: Signal) {
        if self.dumps.fetch_add(1, Ordering::AcqRel) > 0 {
            return;
        }
        let (core, tree) = (Arc::clone(&self.core), self.tree.clone());
        let dumps = Arc::clone(&self.dumps);
        let dumping = self.tree.spawn_thread("dump", move |_| {
            loop {
                let wanted = dumps.load(Ordering::Acquire);
                let tree = tree.tree().to_string();
                core.emit(Event::Dumped { signal, tree });
                let none = dumps.compare_exchange(wanted, 0, Ordering::AcqRel, Ordering::Acquire);
                if none.is_ok() {
                    return;
                }
            }
        });
        if dumping.is_err() {
            self.dumps.store(0, Ordering::Release);
        }
    }
}

impl Roles {
    /// What a signal asks for now: a hang-up of the terminal that the process had is the end of its
    /// session, and asks for a stop.
    pub(super) fn now(&self, signal: Signal, terminal: Option<Terminal>) -> Option<Role> {
        let role = self.of(signal)?;
        let is_hang_up = signal == Signal::HUP && role == Role::Reload;
        if is_hang_up && terminal.is_some_and(Terminal::is_lost) {
            return Some(Role::Stop);
        }
        Some(role)
    }
}

/// Emits an event for each line.
async fn tell(mut lines: Receiver<Line>, core: Arc<Core>) {
    while let Some(line) = lines.recv().await {
        core.emit(match line {
            Line::Repeated(signal) => Event::SignalRepeated { signal },
            Line::NextForces(signal) => Event::NextForces { signal },
            Line::NothingToReload(signal) => Event::NothingToReload { signal },
        });
    }
}

/// Asks for a stop when a hang-up was that of a session which has ended: the system sends the signal
/// first and takes the terminal away after it.
async fn wait_for_losses(hang_ups: Arc<Notify>, terminal: Terminal, core: Arc<Core>) {
    let signal = Signal::HUP;
    loop {
        hang_ups.notified().await;
        sleep(HANG_UP).await;
        if terminal.is_lost() {
            core.control.ask(Cause::Signal(signal.number()));
            return;
        }
        core.emit(Event::NothingToReload { signal });
    }
}
