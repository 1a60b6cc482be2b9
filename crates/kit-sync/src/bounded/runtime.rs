//! Where runners run.

use std::future::Future;
use std::sync::{Mutex, OnceLock};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub(super) struct Runtime {
    handle: Handle,
    /// Set once the first runner was started.
    pub(super) first: OnceLock<()>,
    pub(super) called: Notify,
    /// `None` once they were aborted.
    runners: Mutex<Option<Vec<AbortHandle>>>,
}

impl Runtime {
    pub(super) fn current() -> Runtime {
        Runtime {
            handle: Handle::current(),
            first: OnceLock::new(),
            called: Notify::new(),
            runners: Mutex::new(Some(Vec::new())),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a bounded group aborts it")]
    pub(super) fn start(&self, runner: impl Future<Output = ()> + Send + 'static) {
        let runner = self.handle.spawn(runner).abort_handle();
        self.let_go();
        match &mut *crate::lock(&self.runners) {
            Some(runners) => runners.push(runner),
            None => runner.abort(),
        }
    }

    /// Wakes an idle runner.
    pub(super) fn call(&self) {
        self.called.notify_one();
        self.let_go();
    }

    pub(super) fn abort(&self) {
        let runners = crate::lock(&self.runners).take();
        runners.iter().flatten().for_each(AbortHandle::abort);
    }

    pub(super) fn is_aborted(&self) -> bool {
        crate::lock(&self.runners).is_none()
    }

    /// Lets any thread take the task that was woken last. It else stays with the thread of the task
    /// that woke it, even while that blocks, until one more is woken or started there.
    #[expect(clippy::disallowed_methods, reason = "the task is empty")]
    pub(super) fn let_go(&self) {
        let has_threads = self.handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
        if has_threads && tokio::task::try_id().is_some() {
            self.handle.spawn(async {});
        }
    }
}
