//! The parts of models. A thread of a model plays a task: it polls the very futures that a
//! runtime would.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// Polls a future to its end. Where a wake-up is missed, the model ends in a deadlock, which loom
/// reports.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let woken = Arc::new(Woken(Notify::new()));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        woken.0.wait();
    }
}

struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.notify();
    }
}

/// Counts steps, and orders nothing: a thread is sure to see the steps of another only if something
/// else makes them happen before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done(Arc<AtomicUsize>);

impl Done {
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn seen(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes when it is dropped.
    pub(crate) fn on_drop(&self) -> NotesDrop {
        NotesDrop(self.clone())
    }
}

#[derive(Debug)]
pub(crate) struct NotesDrop(Done);

impl Drop for NotesDrop {
    fn drop(&mut self) {
        self.0.note();
    }
}
