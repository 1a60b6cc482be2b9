//! The settings as they are now.

use std::fmt;
use std::sync::Arc;

use kit_sync::{Changes, Published, Reading};

/// The settings as they are now: for handlers and workers. Cheap to clone.
///
/// A reload replaces them whole, so a reader sees those before or those after and never a mixture. Settings that
/// have to agree are taken from one reading.
pub struct Current<T>(Arc<Published<T>>);

impl<T> Current<T> {
    pub(super) fn new(settings: T) -> Current<T> {
        Current(Arc::new(Published::new(settings)))
    }

    /// The settings, borrowed for a moment: the cheapest way, without a lock or a shared count. Not to be
    /// kept over an await.
    #[must_use]
    pub fn read(&self) -> Reading<T> {
        self.0.read()
    }

    /// The settings, to be kept: they stay what they are while others are published.
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        self.0.load()
    }

    /// The settings that follow, for a task that acts on each change. The last one is never missed; some that
    /// are replaced at once may be.
    #[must_use]
    pub fn changes(&self) -> Changes<T> {
        self.0.changes()
    }

    pub(super) fn publish(&self, settings: Arc<T>) {
        self.0.store(settings);
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Current<T> {
        Current(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Current").field(&self.load()).finish()
    }
}
