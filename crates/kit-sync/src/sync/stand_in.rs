//! Stand-ins that loom can explore. Each keeps the promises of the original's documentation.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::time::Instant;

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
/// everything before a cancel happens before the cancel is seen. Nothing is promised about which
/// token is seen cancelled first: here it is the children.
#[derive(Clone, Debug)]
pub(crate) struct CancellationToken(Arc<TokenState>);

#[derive(Debug, Default)]
struct TokenState {
    cancelled: AtomicBool,
    children: Mutex<Vec<CancellationToken>>,
    notify: Notify,
}

impl CancellationToken {
    pub(crate) fn new() -> CancellationToken {
        CancellationToken(Arc::default())
    }

    pub(crate) fn child_token(&self) -> CancellationToken {
        let child = CancellationToken::new();
        let mut children = lock(&self.0.children);
        if self.is_cancelled() {
            child.0.cancelled.store(true, Ordering::Release);
        } else {
            children.push(child.clone());
        }
        child
    }

    pub(crate) fn cancel(&self) {
        let mut children = lock(&self.0.children);
        for child in children.drain(..) {
            child.cancel();
        }
        self.0.cancelled.store(true, Ordering::Release);
        drop(children);
        self.0.notify.notify_waiters();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    pub(crate) async fn cancelled(&self) {
        let cancelled = self.0.notify.notified();
        if !self.is_cancelled() {
            cancelled.await;
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

/// `std::sync::OnceLock`: written once; everything before the write happens before the value is
/// seen.
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
        // A reader that finds it written takes no lock.
        if let Some(found) = self.get() {
            return found;
        }
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

/// `arc_swap::ArcSwap`: a replacement acquires and releases, a load acquires. So a load may give a
/// value that was replaced, unless the replacement happened before it.
#[derive(Debug)]
pub(crate) struct ArcSwap<T> {
    current: AtomicUsize,
    /// All values there ever were. Of std: the order is for the index alone to give.
    values: std::sync::Mutex<Vec<Arc<T>>>,
}

impl<T> ArcSwap<T> {
    pub(crate) fn new(value: Arc<T>) -> ArcSwap<T> {
        ArcSwap {
            current: AtomicUsize::new(0),
            values: std::sync::Mutex::new(vec![value]),
        }
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.load_full()
    }

    pub(crate) fn load_full(&self) -> Arc<T> {
        self.value(self.current.load(Ordering::Acquire))
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        let value = self.add(value);
        self.value(self.current.swap(value, Ordering::AcqRel))
    }

    pub(crate) fn compare_and_swap(&self, current: &Arc<T>, value: Arc<T>) -> Arc<T> {
        let value = self.add(value);
        let same = |found| Arc::ptr_eq(&self.value(found), current).then_some(value);
        let replaced = self
            .current
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, same);
        self.value(replaced.unwrap_or_else(|found| found))
    }

    fn add(&self, value: Arc<T>) -> usize {
        let mut values = self.values.lock().expect("no panic inside");
        values.push(value);
        values.len() - 1
    }

    fn value(&self, index: usize) -> Arc<T> {
        Arc::clone(&self.values.lock().expect("no panic inside")[index])
    }
}

/// The error of `tokio::time` when a time is over.
#[derive(Debug)]
pub(crate) struct Elapsed;

/// `tokio::time::timeout_at` of a deadline that has passed or will not: in a model no time passes.
pub(crate) async fn timeout_at<F: Future>(
    deadline: Instant,
    future: F,
) -> Result<F::Output, Elapsed> {
    let over = Instant::now() >= deadline;
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Pending if over => Poll::Ready(Err(Elapsed)),
        polled => polled.map(Ok),
    })
    .await
}

/// `tokio::time::timeout` of a time that does not pass.
pub(crate) async fn timeout<F: Future>(_: Duration, future: F) -> Result<F::Output, Elapsed> {
    Ok(future.await)
}
