//! What the operating system tells the application.
//!
//! The handlers stand before the first hook runs and until the last has ended, so that no signal
//! is lost; a thread of its own reads them, so that they work while the runtime is blocked.

#[cfg_attr(unix, path = "signals/unix.rs")]
#[cfg_attr(not(unix), path = "signals/unsupported.rs")]
mod os;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use kit_sync::Scope;

use crate::Event;
use crate::control::Reaction;
use crate::handle::Core;

/// For `App::main`: a signal that comes after the app has ended must not change the exit code.
pub(crate) fn process_ends_with_the_app() {
    os::process_ends_with_the_app();
}

/// Ends the process there and then: what is blocked cannot hold it up.
pub(crate) fn end_process(code: i32) {
    os::end_process(code);
}

/// Where signals come from.
#[derive(Clone, Debug, Default)]
pub struct Signals(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Os,
    None,
    Sender(SignalSender),
}

impl Signals {
    /// The operating system's SIGTERM, SIGINT and SIGQUIT. The default.
    #[must_use]
    pub fn os() -> Signals {
        Signals(Source::Os)
    }

    /// None at all, for an app embedded in a program that handles its own.
    #[must_use]
    pub fn none() -> Signals {
        Signals(Source::None)
    }

    /// From a sender, for tests: they go the same way as the real ones, but a third does not end
    /// the process.
    #[must_use]
    pub fn manual() -> (Signals, SignalSender) {
        let sender = SignalSender::default();
        (Signals(Source::Sender(sender.clone())), sender)
    }

    pub(crate) fn install(&self, scope: &Scope, core: &Arc<Core>) -> io::Result<Installed> {
        let handlers = match &self.0 {
            Source::Os => {
                let core = Arc::clone(core);
                let react = move |signal| core.on_signal(signal);
                Handlers::Os(os::install(scope, react)?)
            }
            Source::None => return Ok(Installed(Handlers::None)),
            Source::Sender(sender) => {
                *sender.lock() = Some(Arc::clone(core));
                Handlers::Sender(sender.clone())
            }
        };
        core.emit(Event::SignalsReady);
        Ok(Installed(handlers))
    }
}

/// Sends signals to the app that was given its [`Signals`]; from [`Signals::manual`].
#[derive(Clone, Default)]
pub struct SignalSender(Arc<Mutex<Option<Arc<Core>>>>);

impl SignalSender {
    /// Sends one. Returns whether an app is running that takes it.
    pub fn send(&self, signal: i32) -> bool {
        let Some(core) = self.lock().clone() else {
            return false;
        };
        core.on_signal(signal);
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Core>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SignalSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignalSender")
            .field("connected", &self.lock().is_some())
            .finish()
    }
}

/// Handlers that stand; dropping them gives the signals back.
#[derive(Debug)]
pub(crate) struct Installed(#[expect(dead_code, reason = "held for its drop")] Handlers);

#[derive(Debug)]
enum Handlers {
    Os(#[expect(dead_code, reason = "held for its drop")] os::Guard),
    None,
    Sender(SignalSender),
}

impl Drop for Handlers {
    fn drop(&mut self) {
        if let Handlers::Sender(sender) = self {
            *sender.lock() = None;
        }
    }
}

impl Core {
    /// The exit code, when the process has to end now.
    fn on_signal(&self, signal: i32) -> Option<i32> {
        let reaction = self.control.signal(signal, || self.keep_forced(signal));
        let forced = self.control.is_forced();
        let code = 128 + forced.map_or(signal, |forced| forced.signal);
        (reaction == Reaction::Ends).then_some(code)
    }
}
