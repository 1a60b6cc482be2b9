//! Unix signals: handlers, and the thread that reads the signals that these note.

mod defaults;
mod dispositions;

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use kit_sync::Scope;
use nix::sys::signal::SigSet;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level;

use super::roles::{AfterRun, Role};
use super::signal::Signal;
use dispositions::Dispositions;

/// How long the end of the thread is waited for; more than it takes on a machine that is busy.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Handlers that stand: what comes is kept until it is [read](Self::read).
#[derive(Debug)]
pub(super) struct Handlers {
    signals: Signals,
    held: Vec<Signal>,
}

impl Handlers {
    /// Installs handlers for those of `wanted` that are to be taken.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn stand(wanted: impl Iterator<Item = (Signal, Role)>) -> io::Result<Handlers> {
        let before = Dispositions::read();
        let wanted = wanted.filter(|(signal, role)| !stays_ignored(*signal, *role, &before));
        let held: Vec<Signal> = wanted.map(|(signal, _)| signal).collect();
        // In this order. A signal runs its handlers in the order of their registration, perhaps on
        // a thread that stands still in between: the default action must look at its flag before
        // the reader is woken, which may end the app and arm it again. And the flag is lowered
        // once the reader's handler stands, so that a signal is never without effect.
        for signal in &held {
            defaults::register(*signal, &before)?;
        }
        let signals = Signals::new(held.iter().map(|signal| signal.number()))?;
        for signal in &held {
            defaults::hold_back(*signal);
        }
        Ok(Handlers { signals, held })
    }

    /// Gives `take` the signals that have come, those of a moment together, in a thread of `scope`;
    /// when it gives an exit code, the process ends there and then.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(super) fn read(
        self,
        scope: &Scope,
        take: impl Fn(Vec<Signal>) -> Option<i32> + Send + 'static,
    ) -> io::Result<Standing> {
        let Handlers { mut signals, held } = self;
        let handle = signals.handle();
        let (reading, reader) = mpsc::channel();
        let standing = Standing {
            handle: handle.clone(),
            held: held.clone(),
            after: AfterRun::DefaultAction,
            reader,
        };
        scope.spawn_thread("signals", move |_| {
            let _reading: mpsc::Sender<()> = reading;
            open_mask(&held);
            loop {
                // Before the last look: what came before the end is taken.
                let is_last = handle.is_closed();
                let batch: Vec<_> = signals.wait().map(Signal::from).collect();
                if let Some(code) = take(batch) {
                    end_process(code);
                }
                if is_last {
                    return;
                }
            }
        })?;
        Ok(standing)
    }
}

/// Lets this thread have the signals. The process may have been started with some of them blocked;
/// the system hands a process's signal to any thread that does not block it.
fn open_mask(signals: &[Signal]) {
    let mut set = SigSet::empty();
    for signal in signals {
        if let Ok(signal) = nix::sys::signal::Signal::try_from(signal.number()) {
            set.add(signal);
        }
    }
    // It fails for a set that makes no sense, which this one does.
    let _ = set.thread_unblock();
}

/// A hang-up that was ignored before stays ignored, which is what `nohup` is for. The signals that
/// stop are taken all the same: a shell starts what it runs in the background with SIGINT ignored.
fn stays_ignored(signal: Signal, role: Role, before: &Dispositions) -> bool {
    let may_stay = signal == Signal::HUP || matches!(role, Role::Reload | Role::Dump);
    may_stay && before.is_ignored(signal)
}

pub(super) fn end_process(code: i32) {
    // Not `exit`: its handlers could wait for a blocked thread.
    low_level::exit(code);
}

/// Handlers whose signals are read; its drop gives the signals back and ends the thread.
#[derive(Debug)]
pub(super) struct Standing {
    handle: Handle,
    held: Vec<Signal>,
    after: AfterRun,
    /// Hears the end of the thread.
    reader: mpsc::Receiver<()>,
}

impl Standing {
    pub(super) fn after_run(&mut self, after: AfterRun) {
        self.after = after;
    }

    pub(super) fn holds(&self, signal: Signal) -> bool {
        self.held.contains(&signal)
    }

    /// Gives back those signals that are not to be kept.
    pub(super) fn keep(&mut self, is_kept: impl Fn(Signal) -> bool) {
        let after = self.after;
        self.held.retain(|signal| {
            let kept = is_kept(*signal);
            if !kept {
                defaults::give_back(*signal, after);
            }
            kept
        });
    }

    /// Gives all signals back, and returns when those that came before have been taken.
    pub(super) fn close(mut self, after: AfterRun) {
        self.after = after;
        self.keep(|_| false);
        self.handle.close();
        // The thread takes what is there and ends; it waits for nothing that could hold it up.
        let _ = self.reader.recv_timeout(LAST_LOOK);
    }

    /// Nothing comes after it but the end of the process, whose exit code a signal must not
    /// change: nothing is given back, and the thread reads on.
    pub(super) fn leak(mut self) {
        self.held.clear();
        std::mem::forget(self);
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        // The default action is back before the reader is gone.
        self.keep(|_| false);
        self.handle.close();
    }
}
