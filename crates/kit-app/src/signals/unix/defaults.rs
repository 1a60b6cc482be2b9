//! The default actions of signals, which come back when the last app has ended.
//!
//! Once a signal has had a handler of `signal-hook`, it is ignored when that is gone, and safe code
//! cannot restore what was there before. So the default action is registered as a separate
//! handler, once per process, and armed while no app takes the signal. A signal that was caught or
//! ignored before had no default action, and gets none.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use signal_hook::flag;

use super::dispositions::Dispositions;
use crate::signals::roles::AfterRun;
use crate::signals::signal::Signal;

/// Every signal that an app has ever taken.
static TAKEN: Mutex<BTreeMap<Signal, SignalUse>> = Mutex::new(BTreeMap::new());

#[derive(Debug)]
struct SignalUse {
    apps: usize,
    /// The program has, or may have, its own handler.
    is_foreign: bool,
    /// The default action does not happen while this is false.
    armed: Arc<AtomicBool>,
}

/// Makes the default action one of the signal's handlers, armed until it is [held
/// back](hold_back); without effect when that was done before.
///
/// # Errors
/// When the system refuses.
pub(super) fn register(signal: Signal, before: &Dispositions) -> io::Result<()> {
    if let Entry::Vacant(vacant) = lock().entry(signal) {
        let is_foreign = before.is_ignored(signal) || before.is_caught(signal);
        let armed = Arc::new(AtomicBool::new(!is_foreign));
        flag::register_conditional_default(signal.number(), Arc::clone(&armed))?;
        vacant.insert(SignalUse {
            apps: 0,
            is_foreign,
            armed,
        });
    }
    Ok(())
}

/// One more app takes the signal.
pub(super) fn hold_back(signal: Signal) {
    if let Some(taken) = lock().get_mut(&signal) {
        taken.apps += 1;
        taken.armed.store(false, Ordering::SeqCst);
    }
}

/// One app less takes the signal; after the last one its default action is back.
pub(super) fn give_back(signal: Signal, after: AfterRun) {
    if let Some(taken) = lock().get_mut(&signal) {
        taken.apps = taken.apps.saturating_sub(1);
        taken.is_foreign |= after == AfterRun::Nothing;
        let armed = taken.apps == 0 && !taken.is_foreign;
        taken.armed.store(armed, Ordering::SeqCst);
    }
}

fn lock() -> MutexGuard<'static, BTreeMap<Signal, SignalUse>> {
    kit_sync::lock(&TAKEN)
}
