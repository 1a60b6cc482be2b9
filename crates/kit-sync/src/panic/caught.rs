//! A panic as a value: a message, and where it happened.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Remembers where each panic happened, so that reports can say it; the previous hook still runs.
///
/// The hook is process-wide, so a program installs it, not a library: `App::main` of `kit-app`
/// does. Without it a report gives the place where the task was spawned and says so. Calling it
/// again changes nothing.
pub fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            LAST.with_borrow_mut(|last| *last = location);
            previous(info);
        }));
    });
}

/// Where the last panic on this thread happened, once: for code that catches panics itself.
/// `None` without [the hook](install_hook).
#[must_use]
pub fn take_location() -> Option<String> {
    LAST.with_borrow_mut(Option::take)
}

/// A panic that was caught.
pub(crate) struct Caught {
    pub(crate) payload: Box<dyn Any + Send>,
    /// Known only with the hook.
    pub(crate) location: Option<String>,
}

impl Caught {
    /// Lets it go on. No hook runs again, so the next catch learns the place from here.
    pub(crate) fn resume(self) -> ! {
        LAST.with_borrow_mut(|last| *last = self.location);
        panic::resume_unwind(self.payload)
    }
}

#[inline(always)]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    // The caller never polls or reads again what unwound.
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Caught {
        payload,
        location: LAST.with_borrow_mut(Option::take),
    })
}

/// Drops a foreign value. A panic of that ends here; what it panicked with is leaked, since its drop
/// might panic, too.
pub(crate) fn discard<T>(foreign: T) {
    if let Err(caught) = catch(|| drop(foreign)) {
        std::mem::forget(caught.payload);
    }
}

/// The text that a caught panic was called with, for logs and reports.
///
/// ```
/// let panic = std::panic::catch_unwind(|| panic!("no seat left")).unwrap_err();
/// assert_eq!(kit_sync::panic::message(&*panic), "no seat left");
/// ```
#[must_use]
pub fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic without a text"
    }
}
