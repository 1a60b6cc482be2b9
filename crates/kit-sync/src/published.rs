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
pub struct Published<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    value: ArcSwap<T>,
    /// Told after each replacement, and when the publisher is gone.
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
    /// let limits = kit_sync::Published::new(vec![10, 20]);
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
        self.tell();
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
            self.tell();
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
                return self.tell();
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

    /// Returns what was there; the very `current` when it was replaced.
    fn replace(&self, current: &Arc<T>, value: Arc<T>) -> Arc<T> {
        Arc::clone(&self.shared.value.compare_and_swap(current, value))
    }

    fn tell(&self) {
        // After the swap: a reader that is woken by this finds that value or a later one.
        self.shared.changed.notify_waiters();
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        // Release: whoever sees the publisher gone sees its last value.
        self.shared.gone.store(true, Ordering::Release);
        self.shared.changed.notify_waiters();
    }
}

impl<T: fmt::Debug> fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Published").field(&self.load()).finish()
    }
}

/// A value that was [read](Published::read); it stays what it was, whatever is stored meanwhile.
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
            // In this order: a replacement after the load wakes what was made before it, and a
            // publisher that was seen gone has stored nothing after.
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
}

impl<T: fmt::Debug> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn changes_gives_the_latest_value_once_and_ends_with_its_publisher() {
        let published = Published::new(0);
        let mut changes = published.changes();
        published.store(1);
        published.store(2);
        assert_eq!(changes.next().await.as_deref(), Some(&2));
        published.store(3);
        drop(published);
        assert_eq!(changes.next().await.as_deref(), Some(&3));
        assert_eq!(changes.next().await, None);
    }

    #[test]
    fn what_was_read_stays_what_it_was() {
        let published = Published::<String>::new(String::from("old"));
        let read = published.read();
        published.store(String::from("new"));
        assert_eq!((read.as_str(), published.read().as_str()), ("old", "new"));
    }

    #[test]
    fn compare_and_swap_goes_by_identity_not_by_value() {
        let published = Published::new(7);
        let twin = Arc::new(7);
        let found = published
            .compare_and_swap(&twin, 8)
            .expect_err("an equal value is another");
        assert_eq!(published.compare_and_swap(&found, 8), Ok(()));
        assert_eq!(*published.swap(9), 8);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_reader_that_follows_changes_always_ends_at_the_last_value() {
        for _ in 0..100 {
            let published = Arc::new(Published::new(0_u32));
            let mut changes = published.changes();
            let writer = {
                let published = Arc::clone(&published);
                async move { (0..50).for_each(|_| published.update(|n| n + 1)) }
            };
            let reader = async move {
                let mut last = 0;
                while last < 50 {
                    let next = *changes.next().await.expect("the publisher lives");
                    assert!(next > last);
                    last = next;
                }
            };
            let mut group = crate::Group::<std::convert::Infallible>::new();
            group.spawn(async {
                writer.await;
                Ok(())
            });
            group.spawn(async {
                reader.await;
                Ok(())
            });
            group.wait().await.unwrap();
        }
    }
}
