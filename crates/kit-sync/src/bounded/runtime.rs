//! Where runners run.

use super::runner::Runner;

/// A tokio runtime, or threads of loom.
pub(super) struct Runtime(#[cfg(not(kit_loom))] tokio::runtime::Handle);

#[cfg(not(kit_loom))]
impl Runtime {
    pub(super) fn current() -> Runtime {
        Runtime(tokio::runtime::Handle::current())
    }

    pub(super) fn start<E: Send + 'static>(&self, runner: Runner<E>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where a bounded group's runners start"
        )]
        self.0.spawn(runner);
    }
}

#[cfg(kit_loom)]
impl Runtime {
    pub(super) fn current() -> Runtime {
        Runtime()
    }

    pub(super) fn start<E: Send + 'static>(&self, runner: Runner<E>) {
        loom::thread::spawn(move || loom::future::block_on(runner));
    }
}
