//! Unix signals, read by a thread of the app's tree.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kit_sync::Scope;
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::{flag, low_level};

const STOPPING: [i32; 3] = [SIGTERM, SIGINT, SIGQUIT];

/// Calls `react` for each signal; when it gives an exit code, the process ends there and then.
pub(super) fn install(
    scope: &Scope,
    react: impl Fn(i32) -> Option<i32> + Send + 'static,
) -> io::Result<Guard> {
    // In this order. A signal runs its handlers in the order of their registration, perhaps on a
    // thread that stands still in between: the default action must look at its flag before the
    // reader is woken, who may end the app and arm it again. And the flag is lowered once somebody
    // reads, so that a signal is never without effect.
    register_defaults()?;
    let mut signals = Signals::new(STOPPING)?;
    let handle = signals.handle();
    let defaults = Defaults::hold_back();
    scope.spawn_thread("signals", move |_told| {
        for signal in signals.forever() {
            if let Some(code) = react(signal) {
                end_process(code);
            }
        }
    })?;
    Ok(Guard {
        handle,
        defaults: Some(defaults),
    })
}

pub(super) fn end_process(code: i32) {
    // Not `exit`: its handlers could wait for what is blocked.
    low_level::exit(code);
}

/// The handlers stand while it lives; its drop ends the thread.
#[derive(Debug)]
pub(super) struct Guard {
    handle: Handle,
    defaults: Option<Defaults>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The default action is back before nobody reads any more.
        self.defaults = None;
        self.handle.close();
    }
}

/// Keeps the signals' default action from happening. Once a signal has had a handler of
/// `signal-hook`, it is ignored when that is gone, so the default action is registered as a
/// handler of its own: once per process, and armed while no app runs.
#[derive(Debug)]
struct Defaults;

struct Running {
    apps: usize,
    /// Nothing comes after the app: a signal then must not change the exit code.
    process_ends: bool,
    /// Nothing happens while it is false.
    armed: Option<Arc<AtomicBool>>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    apps: 0,
    process_ends: false,
    armed: None,
});

/// The process ends with the app, so the default action never comes back.
pub(super) fn process_ends_with_the_app() {
    lock().process_ends = true;
}

fn register_defaults() -> io::Result<()> {
    let mut running = lock();
    if running.armed.is_none() {
        let armed = Arc::new(AtomicBool::new(true));
        for signal in STOPPING {
            flag::register_conditional_default(signal, Arc::clone(&armed))?;
        }
        running.armed = Some(armed);
    }
    Ok(())
}

impl Defaults {
    fn hold_back() -> Defaults {
        let mut running = lock();
        running.apps += 1;
        if let Some(armed) = &running.armed {
            armed.store(false, Ordering::SeqCst);
        }
        Defaults
    }
}

impl Drop for Defaults {
    fn drop(&mut self) {
        let mut running = lock();
        running.apps -= 1;
        if running.apps == 0
            && !running.process_ends
            && let Some(armed) = &running.armed
        {
            armed.store(true, Ordering::SeqCst);
        }
    }
}

fn lock() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
