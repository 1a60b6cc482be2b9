//! The parts of our state machines: those of std, tokio and arc-swap, or, under
//! `--cfg kit_loom`, stand-ins that [loom](https://docs.rs/loom) can explore. The cfg is our own:
//! the common `--cfg loom` changes tokio itself.
//!
//! The stand-ins for tokio's types keep to what their documentation promises and to no more, so a
//! model proves our part, on top of the promises of tokio.

#[cfg(kit_loom)]
#[allow(dead_code, reason = "all of a type, used today or not")]
mod stand_in;

#[cfg(all(test, kit_loom))]
pub(crate) mod model;

#[cfg(kit_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(kit_loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(kit_loom)]
pub(crate) use stand_in::{ArcSwap, CancellationToken, Notify, OnceLock, timeout, timeout_at};

#[cfg(not(kit_loom))]
pub(crate) use arc_swap::ArcSwap;
/// The result of `ArcSwap::load`.
#[cfg(not(kit_loom))]
pub(crate) type Guard<T> = arc_swap::Guard<std::sync::Arc<T>>;
#[cfg(kit_loom)]
pub(crate) type Guard<T> = std::sync::Arc<T>;
#[cfg(not(kit_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(kit_loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};
#[cfg(not(kit_loom))]
pub(crate) use tokio::sync::Notify;
#[cfg(not(kit_loom))]
pub(crate) use tokio::time::{timeout, timeout_at};
#[cfg(not(kit_loom))]
pub(crate) use tokio_util::sync::CancellationToken;

use std::sync::PoisonError;

/// Locks a mutex whose poisoning says nothing.
///
/// A mutex is poisoned by a panic while it is locked. Where no foreign code runs under the lock and
/// every change is whole before the next call that can panic, such a panic leaves nothing half
/// done, and the value behind the mutex is as good as before. All locks of Kit are of this kind.
///
/// ```
/// use std::sync::Mutex;
///
/// let names = Mutex::new(vec!["a"]);
/// kit_sync::lock(&names).push("b");
/// assert_eq!(*kit_sync::lock(&names), ["a", "b"]);
/// ```
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
