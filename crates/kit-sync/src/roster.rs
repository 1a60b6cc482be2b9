//! Where members that wait can be found.

use slab::Slab;

use crate::sync::{Mutex, OnceLock, lock};

/// The entries of tasks that have something to wait for; one that ends at its first poll never
/// comes here, and pays nothing.
///
/// A task enters itself, and afterwards looks at its owner's abort flag; an abort raises the
/// flag, and afterwards reads the entries. Both go through the lock of the same shard, so either
/// the abort finds the entry or the task sees the flag. (With an acquire and a release alone both
/// could miss: each would read a value that the other's store buffer still holds.)
#[derive(Debug)]
pub(crate) struct Roster<T> {
    /// Made with the first entry: most rosters of short lives stay empty.
    shards: OnceLock<Box<[Shard<T>]>>,
}

/// On separate cache lines, or threads would slow each other down without sharing a shard.
#[derive(Debug)]
#[repr(align(64))]
struct Shard<T>(Mutex<Slab<T>>);

/// One place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    key: u32,
    shard: u16,
}

impl<T> Roster<T> {
    pub(crate) fn new() -> Roster<T> {
        Roster {
            shards: OnceLock::new(),
        }
    }

    pub(crate) fn insert(&self, entry: T) -> Slot {
        let shards = self.shards();
        let shard = here() % shards.len();
        let mut entries = lock(&shards[shard].0);
        if entries.len() == entries.capacity() {
            // By an eighth, not by half: there may be a hundred thousand connections in it.
            let more = entries.len() / 8;
            entries.reserve_exact(more.max(4));
        }
        let key = entries.insert(entry);
        drop(entries);
        Slot {
            key: u32::try_from(key).expect("fewer than four thousand million tasks"),
            shard: u16::try_from(shard).expect("fewer shards than threads"),
        }
    }

    /// Gives the entry back: it is dropped after the lock was released.
    pub(crate) fn remove(&self, slot: Slot) -> T {
        lock(&self.shards()[usize::from(slot.shard)].0).remove(slot.key as usize)
    }

    pub(crate) fn collect<R>(&self, read: impl Fn(&T) -> R) -> Vec<R> {
        let mut all = Vec::new();
        for Shard(entries) in self.shards() {
            all.extend(lock(entries).iter().map(|(_, entry)| read(entry)));
        }
        all
    }

    // Made even for reading: what enters in that moment must meet the reader at its lock.
    fn shards(&self) -> &[Shard<T>] {
        let make = || {
            (0..count())
                .map(|_| Shard(Mutex::new(Slab::new())))
                .collect()
        };
        self.shards.get_or_init(make)
    }
}

#[cfg(not(kit_loom))]
mod threads {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::available_parallelism;

    /// As many as threads are likely to run at once, within reason.
    pub(super) fn count() -> usize {
        static COUNT: OnceLock<usize> = OnceLock::new();
        *COUNT.get_or_init(|| available_parallelism().map_or(4, usize::from).min(16))
    }

    /// A number of this thread.
    pub(super) fn here() -> usize {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static HERE: usize = TAKEN.fetch_add(1, Ordering::Relaxed);
        }
        HERE.with(|number| *number)
    }
}

#[cfg(kit_loom)]
mod threads {
    pub(super) fn count() -> usize {
        1
    }

    pub(super) fn here() -> usize {
        0
    }
}

use threads::{count, here};

#[cfg(all(test, kit_loom))]
mod models;
