//! The moment at which all components run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts components in; the last one prints `ready`.
#[derive(Clone)]
pub(crate) struct Started(Arc<AtomicUsize>);

impl Started {
    pub(crate) fn new(components: usize) -> Started {
        Started(Arc::new(AtomicUsize::new(components)))
    }

    /// One more runs.
    pub(crate) fn count_in(&self) {
        // The tool reads a line and nothing that a component has written, so no order is needed.
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            println!("ready");
        }
    }
}
