//! How much of a request's body has come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::layers::outcome::Amount;

/// How much of a request's body its handler has taken, counted once for all layers. Numbers for people:
/// nothing is ordered by them.
#[derive(Debug, Default)]
pub(crate) struct Received {
    is_claimed: AtomicBool,
    bytes: AtomicU64,
    messages: AtomicU64,
}

impl Received {
    /// Whether no layer counts the body so far; the one that asks does from here on.
    pub(super) fn claim(&self) -> bool {
        !self.is_claimed.swap(true, Ordering::Relaxed)
    }

    pub(super) fn record(&self, bytes: usize, messages: u64) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.messages.fetch_add(messages, Ordering::Relaxed);
    }

    pub(super) fn amount(&self) -> Amount {
        Amount {
            bytes: self.bytes.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
        }
    }
}
