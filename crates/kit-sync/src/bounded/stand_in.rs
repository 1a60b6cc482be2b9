//! Where runners run when loom explores them: on threads of loom.
//!
//! Tokio's semaphore and its `Notify` are taken as they are: a call of them is one step. So nothing
//! that they do under their locks may be a step of loom, which is why wakers here are std's.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;

use crate::sync::OnceLock;

#[derive(Default)]
pub(super) struct Runtime {
    pub(super) first: OnceLock<()>,
    pub(super) called: tokio::sync::Notify,
    is_aborted: Arc<AtomicBool>,
    runners: Mutex<Vec<Arc<WokenRunner>>>,
}

/// Wakes a thread that plays a runner.
struct WokenRunner(Notify);

impl Wake for WokenRunner {
    fn wake(self: Arc<WokenRunner>) {
        self.0.notify();
    }
}

impl Runtime {
    pub(super) fn current() -> Runtime {
        Runtime::default()
    }

    pub(super) fn start(&self, runner: impl Future<Output = ()> + Send + 'static) {
        let woken = Arc::new(WokenRunner(Notify::new()));
        let runners = self.runners.lock();
        let mut runners = runners.unwrap_or_else(PoisonError::into_inner);
        runners.push(Arc::clone(&woken));
        drop(runners);
        let is_aborted = Arc::clone(&self.is_aborted);
        loom::thread::spawn(move || {
            let waker = Waker::from(Arc::clone(&woken));
            let mut runner = pin!(runner);
            while !is_aborted.load(Ordering::Acquire) {
                let polled = runner.as_mut().poll(&mut Context::from_waker(&waker));
                if polled == Poll::Ready(()) {
                    return;
                }
                woken.0.wait();
            }
        });
    }

    pub(super) fn call(&self) {
        self.called.notify_one();
    }

    /// Each task is a thread.
    #[expect(clippy::unused_self, reason = "the runtime's has a use for it")]
    pub(super) fn let_go(&self) {}

    pub(super) fn abort(&self) {
        self.is_aborted.store(true, Ordering::Release);
        let runners = self.runners.lock();
        let runners = std::mem::take(&mut *runners.unwrap_or_else(PoisonError::into_inner));
        runners.into_iter().for_each(Wake::wake);
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.is_aborted.load(Ordering::Acquire)
    }
}
