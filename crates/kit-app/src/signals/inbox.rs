//! What an app does with the signals that it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kit_sync::{Cause, Ending, Scope};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep};

use super::roles::{Role, Roles};
use super::signal::Signal;
use super::stop::{Reaction, StopSignals};
use super::terminal::Terminal;
use crate::Event;
use crate::control::Control;
use crate::core::Core;
use crate::journal::Journal;
use crate::reload::ReloadRequests;
use crate::tree_text::without_empty;

/// Lines that wait for their task. More of them come too fast to be read.
const WAITING: usize = 16;

/// How long the end of a session's leader may take from its signal to the loss of the terminal.
const HANG_UP: Duration = Duration::from_millis(100);

/// The signals of one app. Taking one sets a state and waits for nothing: a task emits the event
/// about it, and a thread makes a dump; in an app without threads the task makes that, too.
pub(crate) struct Inbox {
    signals: StopSignals,
    journal: Arc<Journal>,
    lines: Sender<Line>,
    /// Notified of each hang-up of a terminal that is not lost yet; many at once are one.
    hang_ups: Arc<Notify>,
    reloads: Arc<ReloadRequests>,
    tree: Scope,
    /// How many dumps are wanted or being made.
    dumps: Arc<AtomicUsize>,
}

/// A signal that has an event and does nothing else.
#[derive(Clone, Copy, Debug)]
enum Line {
    Repeated(Signal),
    NextForces(Signal),
    NothingToReload(Signal),
    Dump(Signal),
}

impl Inbox {
    /// Begins to take signals for the app of `core`, whose tasks live in `tree`. A hang-up of
    /// `terminal` can be the end of the app's session.
    pub(super) fn new(
        core: &Core,
        roles: Roles,
        terminal: Option<Terminal>,
        tree: &Scope,
    ) -> Inbox {
        let (lines, waiting) = mpsc::channel(WAITING);
        let hang_ups = Arc::new(Notify::new());
        let (journal, control) = (&core.journal, &core.control);
        let signals = tree.child("signals");
        let emitting = emit_lines(waiting, Arc::clone(journal), tree.clone());
        signals.spawn_as("lines", Ending::MayBeDropped, emitting);
        if let Some(terminal) = terminal {
            let losses = Losses {
                hang_ups: Arc::clone(&hang_ups),
                terminal,
                control: Arc::clone(control),
                journal: Arc::clone(journal),
                reloads: Arc::clone(&core.reloads),
            };
            signals.spawn_as("hang-ups", Ending::MayBeDropped, losses.stop_on_loss());
        }
        Inbox {
            signals: StopSignals::new(roles, terminal, Arc::clone(control)),
            journal: Arc::clone(journal),
            lines,
            hang_ups,
            reloads: Arc::clone(&core.reloads),
            tree: tree.clone(),
            dumps: Arc::default(),
        }
    }

    pub(super) fn role(&self, signal: Signal) -> Option<Role> {
        self.signals.role(signal)
    }

    /// Takes a signal that came at this time. Gives an exit code when the process has to end now.
    pub(super) fn take(&self, signal: Signal, at: Instant) -> Option<i32> {
        let before_forced = || self.journal.record_forced(signal);
        match self.signals.take(signal, at, before_forced)? {
            Reaction::Stops | Reaction::Forces => {}
            Reaction::Repeats => self.send(Line::Repeated(signal)),
            Reaction::NextForces => self.send(Line::NextForces(signal)),
            Reaction::Reloads => self.reload(signal),
            Reaction::HangsUp => self.hang_ups.notify_one(),
            Reaction::Dumps if self.journal.events().is_inline() => self.send(Line::Dump(signal)),
            Reaction::Dumps => self.dump(signal),
            Reaction::EndsProcess => {
                let forced = self.signals.control().is_forced();
                return Some(forced.map_or(signal, |forced| forced.signal).exit_code());
            }
        }
        None
    }

    fn reload(&self, signal: Signal) {
        if !self.reloads.has_hooks {
            self.send(Line::NothingToReload(signal));
        } else if self.signals.control().is_asked() {
            self.send(Line::Repeated(signal));
        } else {
            self.reloads.ask(Cause::Signal(signal.number()));
        }
    }

    fn send(&self, line: Line) {
        // Full while the runtime is blocked: the signal has done what it does without a line.
        let _ = self.lines.try_send(line);
    }

    /// On a thread, because it is wanted most when the runtime is blocked; one at a time, because
    /// the log may be blocked, too. Those that are wanted meanwhile are one more.
    fn dump(&self, signal: Signal) {
        if self.dumps.fetch_add(1, Ordering::AcqRel) > 0 {
            return;
        }
        let (journal, tree) = (Arc::clone(&self.journal), self.tree.clone());
        let dumps = Arc::clone(&self.dumps);
        let dumping = self.tree.spawn_thread("dump", move |_| {
            loop {
                let wanted = dumps.load(Ordering::Acquire);
                journal.emit(dumped(signal, &journal, &tree));
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

fn dumped(signal: Signal, journal: &Journal, tree: &Scope) -> Event {
    Event::Dumped {
        signal,
        components: journal.components(),
        tree: without_empty(tree.tree()).to_string(),
    }
}

/// Emits an event for each line.
async fn emit_lines(mut lines: Receiver<Line>, journal: Arc<Journal>, tree: Scope) {
    while let Some(line) = lines.recv().await {
        journal.emit(match line {
            Line::Repeated(signal) => Event::SignalRepeated { signal },
            Line::NextForces(signal) => Event::NextForces { signal },
            Line::NothingToReload(signal) => Event::NothingToReload { signal },
            Line::Dump(signal) => dumped(signal, &journal, &tree),
        });
    }
}

/// Hang-ups that may be the loss of the terminal.
struct Losses {
    hang_ups: Arc<Notify>,
    terminal: Terminal,
    control: Arc<Control>,
    journal: Arc<Journal>,
    reloads: Arc<ReloadRequests>,
}

impl Losses {
    /// Asks for a stop when a hang-up was that of a session which has ended: the system sends the
    /// signal first and takes the terminal away after it.
    async fn stop_on_loss(self) {
        let signal = Signal::HUP;
        loop {
            self.hang_ups.notified().await;
            sleep(HANG_UP).await;
            if self.terminal.is_lost() {
                self.control.ask(Cause::Signal(signal.number()));
                return;
            }
            if self.reloads.has_hooks {
                self.reloads.ask(Cause::Signal(signal.number()));
            } else {
                self.journal.emit(Event::NothingToReload { signal });
            }
        }
    }
}
