//! The queue of one consumer, and the thread that empties it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kit_sync::Scope;
use tokio::runtime::Handle;
use tracing::Dispatch;
use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;

use super::consumer::{Observer, Stamped, Undelivered};

/// A bounded queue in front of one consumer.
pub(super) struct Queue {
    observer: Observer,
    capacity: usize,
    state: Mutex<QueueState>,
    changed: Condvar,
    /// Everything so far is delivered.
    idle: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<Arc<Stamped>>,
    dropped: u64,
    /// The consumer has one in its hands.
    is_delivering: bool,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(observer: Observer, capacity: usize) -> Queue {
        Queue {
            observer,
            capacity,
            state: Mutex::default(),
            changed: Condvar::new(),
            idle: Condvar::new(),
        }
    }

    /// Drops the oldest event when the queue is full: what a consumer that comes back wants to
    /// know is how things stand now.
    pub(super) fn push(&self, stamped: &Arc<Stamped>) {
        let mut state = self.lock();
        if state.waiting.len() == self.capacity {
            state.waiting.pop_front();
            state.dropped += 1;
        }
        state.waiting.push_back(Arc::clone(stamped));
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Starts the thread that delivers. It has what the runtime's threads have: the runtime, and
    /// the subscriber of the thread that runs the app.
    pub(super) fn start(self: &Arc<Queue>, scope: &Scope, ends: &Arc<Ends>) -> io::Result<()> {
        let (queue, ends) = (Arc::clone(self), Arc::clone(ends));
        let (runtime, subscriber) = (Handle::current(), current_subscriber());
        let name = self.observer.name.clone();
        ends.add();
        let counted = Counted(Arc::clone(&ends));
        scope.spawn_thread(name, move |_token| {
            let _counted = counted;
            let _runtime = runtime.enter();
            let _subscriber = subscriber.as_ref().map(dispatcher::set_default);
            while let Some(stamped) = queue.next() {
                queue.observer.deliver(&stamped);
                queue.mark_delivered();
            }
        })?;
        Ok(())
    }

    /// Waits for the next event; `None` once the queue is closed and empty.
    fn next(&self) -> Option<Arc<Stamped>> {
        let waits = |state: &mut QueueState| state.waiting.is_empty() && !state.is_closed;
        let state = self.changed.wait_while(self.lock(), waits);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let next = state.waiting.pop_front();
        state.is_delivering = next.is_some();
        next
    }

    fn mark_delivered(&self) {
        let mut state = self.lock();
        state.is_delivering = false;
        if state.is_idle() {
            self.idle.notify_all();
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.lock().is_idle()
    }

    /// Blocks until the consumer has taken everything, for `limit` at most.
    pub(super) fn wait_until_idle(&self, limit: Duration) {
        let is_busy = |state: &mut QueueState| !state.is_idle();
        let _ = self.idle.wait_timeout_while(self.lock(), limit, is_busy);
    }

    /// The events that were dropped because the queue was full.
    pub(super) fn dropped(&self) -> Undelivered {
        Undelivered {
            consumer: self.observer.name.clone(),
            events: self.lock().dropped,
        }
    }

    pub(super) fn undelivered(&self) -> Option<Undelivered> {
        let state = self.lock();
        let waiting = u64::try_from(state.waiting.len()).unwrap_or(u64::MAX);
        let events = state.dropped + waiting + u64::from(state.is_delivering);
        (events > 0).then(|| Undelivered {
            consumer: self.observer.name.clone(),
            events,
        })
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        kit_sync::lock(&self.state)
    }
}

impl QueueState {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.is_delivering
    }
}

/// The subscriber of this thread, when it has one; a global one that comes later is found then.
pub(crate) fn current_subscriber() -> Option<Dispatch> {
    let current = dispatcher::get_default(Dispatch::clone);
    (!current.is::<NoSubscriber>()).then_some(current)
}

/// Counts the threads that still deliver.
#[derive(Default)]
pub(super) struct Ends {
    alive: Mutex<usize>,
    ended: Condvar,
}

impl Ends {
    fn add(&self) {
        *self.lock() += 1;
    }

    pub(super) fn is_reached(&self) -> bool {
        *self.lock() == 0
    }

    /// Blocks until every thread has ended, for `limit` at most.
    pub(super) fn wait(&self, limit: Duration) {
        let _ = self
            .ended
            .wait_timeout_while(self.lock(), limit, |alive| *alive > 0);
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        kit_sync::lock(&self.alive)
    }
}

/// Leaves the count when its thread ends, or was never started.
struct Counted(Arc<Ends>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.ended.notify_all();
    }
}
