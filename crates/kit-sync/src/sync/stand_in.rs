//! Stand-ins that loom can explore. Each does what the original's documentation promises.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};

use super::lock;

/// `tokio::sync::Notify`: a call of `notify_waiters` reaches every `notified` that was made
/// before it, polled or not; `notify_one` reaches one, or else the next.
#[derive(Debug, Default)]
pub(crate) struct Notify(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    rounds: usize,
    permit: bool,
    wakers: Vec<Waker>,
}

impl Notify {
    pub(crate) fn new() -> Notify {
        Notify::default()
    }

    pub(crate) fn notified(&self) -> impl Future<Output = ()> + '_ {
        Notified {
            made_in: lock(&self.0).rounds,
            notify: self,
        }
    }

    pub(crate) fn notify_waiters(&self) {
        let mut waiting = lock(&self.0);
        waiting.rounds += 1;
        let wakers = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn notify_one(&self) {
        let mut waiting = lock(&self.0);
        waiting.permit = true;
        // All of them are woken, and the first takes the permit: tokio promises no more.
        let wakers = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }
}

struct Notified<'a> {
    made_in: usize,
    notify: &'a Notify,
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = lock(&self.notify.0);
        if waiting.rounds != self.made_in || std::mem::take(&mut waiting.permit) {
            return Poll::Ready(());
        }
        waiting.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

/// `tokio_util::sync::CancellationToken`: cancelled with its parent, never the other way round;
/// what happened before a cancel happened before whoever sees it.
#[derive(Clone, Debug)]
pub(crate) struct CancellationToken(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cancelled: AtomicBool,
    children: Mutex<Vec<CancellationToken>>,
    told: Notify,
}

impl CancellationToken {
    pub(crate) fn new() -> CancellationToken {
        CancellationToken(Arc::default())
    }

    pub(crate) fn child_token(&self) -> CancellationToken {
        let child = CancellationToken::new();
        let mut children = lock(&self.0.children);
        children.push(child.clone());
        drop(children);
        if self.is_cancelled() {
            child.cancel();
        }
        child
    }

    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.0.told.notify_waiters();
        for child in lock(&self.0.children).iter() {
            child.cancel();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    pub(crate) async fn cancelled(&self) {
        let told = self.0.told.notified();
        if !self.is_cancelled() {
            told.await;
        }
    }

    pub(crate) async fn cancelled_owned(self) {
        self.cancelled().await;
    }

    pub(crate) async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut cancelled = pin!(self.cancelled());
        let mut future = pin!(future);
        std::future::poll_fn(|cx| match cancelled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

/// `std::sync::OnceLock`: written once; what happened before the write happened before whoever
/// sees the value.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    written: AtomicBool,
    writing: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> OnceLock<T> {
        OnceLock {
            value: std::sync::OnceLock::new(),
            written: AtomicBool::new(false),
            writing: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let written = self.written.load(Ordering::Acquire);
        self.value.get().filter(|_| written)
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let writing = lock(&self.writing);
        let set = self.value.set(value);
        self.written.store(true, Ordering::Release);
        drop(writing);
        set
    }

    pub(crate) fn get_or_init(&self, value: impl FnOnce() -> T) -> &T {
        let writing = lock(&self.writing);
        let found = self.value.get_or_init(value);
        self.written.store(true, Ordering::Release);
        drop(writing);
        found
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

/// `arc_swap::ArcSwap`: each operation is one step.
#[derive(Debug)]
pub(crate) struct ArcSwap<T>(Mutex<Arc<T>>);

impl<T> ArcSwap<T> {
    pub(crate) fn new(value: Arc<T>) -> ArcSwap<T> {
        ArcSwap(Mutex::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.load_full()
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        Arc::clone(&lock(&self.0))
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        std::mem::replace(&mut lock(&self.0), value)
    }

    pub(crate) fn compare_and_swap(&self, current: &Arc<T>, value: Arc<T>) -> Arc<T> {
        let mut held = lock(&self.0);
        let found = Arc::clone(&held);
        if Arc::ptr_eq(&found, current) {
            *held = value;
        }
        found
    }
}
