//! A value that is read often and replaced seldom.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::sync::{ArcSwap, AtomicBool, Guard, Notify, Ordering};

/// A shared value that readers load without a lock and writers replace whole: Go's
/// `atomic.Value`, typed. Built on [arc-swap](https://docs.rs/arc-swap).
///
/// A [`store`](Self::store) happens before the [`load`](Self::load) that returns its value, so a
/// reader sees everything that was written into the value before it was stored.
///
/// ```
/// use kit_sync::Published;
///
/// let limit = Published::new(10);
/// limit.update(|old| old * 2);
/// assert_eq!(*limit.load(), 20);
/// ```
///
/// There is one publisher, to be shared by reference: with it, [`changes`](Self::changes) end.
///
/// ```compile_fail,E0599
/// let limit = kit_sync::Published::new(10);
/// let other = limit.clone();
/// ```
pub struct Published<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    value: ArcSwap<T>,
    /// Notified after each replacement, and when the publisher is gone.
    changed: Notify,
    gone: AtomicBool,
}

impl<T> Published<T> {
    /// Publishes a first value.
    pub fn new(value: impl Into<Arc<T>>) -> Published<T> {
        Published {
            shared: Arc::new(Shared {
                value: ArcSwap::new(value.into()),
                changed: Notify::new(),
                gone: AtomicBool::new(false),
            }),
        }
    }

    /// The current value.
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        self.shared.value.load_full()
    }

    /// The current value, borrowed for a moment: cheaper than [`load`](Self::load), because no
    /// count that all readers share is touched. For hot paths; let go of it soon (there is room for
    /// a few in each thread, and more cost as much as `load`), and do not keep it over an await.
    ///
    /// ```
    /// let limits = kit_sync::Published::<Vec<u32>>::new(vec![10, 20]);
    /// assert_eq!(limits.read()[1], 20);
    /// ```
    #[must_use]
    pub fn read(&self) -> Reading<T> {
        Reading(self.shared.value.load())
    }

    /// Replaces the value.
    pub fn store(&self, value: impl Into<Arc<T>>) {
        drop(self.swap(value));
    }

    /// Replaces the value and returns the one before.
    pub fn swap(&self, value: impl Into<Arc<T>>) -> Arc<T> {
        let before = self.shared.value.swap(value.into());
        self.notify();
        before
    }

    /// Replaces the value if it still is `current`, the very same `Arc`.
    ///
    /// # Errors
    /// The value that was there instead; nothing was replaced.
    pub fn compare_and_swap(
        &self,
        current: &Arc<T>,
        value: impl Into<Arc<T>>,
    ) -> Result<(), Arc<T>> {
        let found: Arc<T> = self.replace(current, value.into());
        if Arc::ptr_eq(&found, current) {
            self.notify();
            Ok(())
        } else {
            Err(found)
        }
    }

    /// Replaces the value by one made from it. The closure is called again when another writer
    /// came first.
    pub fn update(&self, mut change: impl FnMut(&T) -> T) {
        let mut current = self.load();
        loop {
            let found = self.replace(&current, Arc::new(change(&current)));
            if Arc::ptr_eq(&found, &current) {
                return self.notify();
            }
            current = found;
        }
    }

    /// The values that follow the current one: the latest is never missed, none is seen twice,
    /// and values that are replaced before they are asked for are skipped.
    #[must_use]
    pub fn changes(&self) -> Changes<T> {
        Changes {
            seen: self.load(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// Returns the value before; the very `current` when it was replaced.
    fn replace(&self, current: &Arc<T>, value: Arc<T>) -> Arc<T> {
        Arc::clone(&self.shared.value.compare_and_swap(current, value))
    }

    fn notify(&self) {
        // After the swap: a reader that is woken by this finds that value or a later one.
        self.shared.changed.notify_waiters();
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        // Release: a reader that sees the publisher gone sees its last value.
        self.shared.gone.store(true, Ordering::Release);
        self.shared.changed.notify_waiters();
    }
}

impl<T: fmt::Debug> fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Published").field(&self.load()).finish()
    }
}

/// A value that was [read](Published::read); it does not change when another is stored.
pub struct Reading<T>(Guard<T>);

impl<T> Deref for Reading<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Reading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reading").field(&**self).finish()
    }
}

/// The later values of a [`Published`]; see [`Published::changes`].
pub struct Changes<T> {
    shared: Arc<Shared<T>>,
    seen: Arc<T>,
}

impl<T> Changes<T> {
    /// The next value; `None` once the [`Published`] is gone and its last value was seen.
    ///
    /// # Cancel safety
    /// Nothing is lost when dropped.
    pub async fn next(&mut self) -> Option<Arc<T>> {
        loop {
            // In this order: a replacement after the load wakes the future that was made before it,
            // and a publisher that was seen gone has stored nothing after.
            let changed = self.shared.changed.notified();
            let gone = self.shared.gone.load(Ordering::Acquire);
            let now = self.shared.value.load_full();
            if !Arc::ptr_eq(&now, &self.seen) {
                self.seen = Arc::clone(&now);
                return Some(now);
            }
            if gone {
                return None;
            }
            changed.await;
        }
    }

    /// The value as it is now, without waiting; `None` once the [`Published`] is gone. [`next`](Self::next) is not
    /// affected.
    ///
    /// ```
    /// let limit = kit_sync::Published::new(10);
    /// let changes = limit.changes();
    /// limit.store(20);
    /// assert_eq!(changes.latest().as_deref(), Some(&20));
    /// drop(limit);
    /// assert!(changes.latest().is_none());
    /// ```
    #[must_use]
    pub fn latest(&self) -> Option<Arc<T>> {
        let gone = self.shared.gone.load(Ordering::Acquire);
        (!gone).then(|| self.shared.value.load_full())
    }
}

impl<T: fmt::Debug> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, kit_loom))]
mod models;

#[cfg(all(test, not(kit_loom)))]
mod tests;
