//! The two programs, each for two threads, and their outcomes.
//!
//! A round writes its own number, so that nothing has to be set back between rounds: "new" is the
//! number of this round, "old" the one of the round before. `models.rs` explores the very same
//! functions with loom.

use std::sync::{Mutex, PoisonError};

use kit_sync::Published;

#[cfg(kit_loom)]
use loom::sync::atomic::{AtomicU64, Ordering, fence};
#[cfg(not(kit_loom))]
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// How the threads access `x` and `y`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Accesses {
    Relaxed,
    ReleaseAcquire,
    SequentiallyConsistent,
    /// Relaxed, with a sequentially consistent fence between the write and the read.
    Fenced,
}

/// A variable on its own cache line: a write to it has to wait for the line, and while it
/// waits in the store buffer the core goes on. (128 bytes: some processors fetch lines in pairs.)
#[derive(Debug, Default)]
#[repr(align(128))]
struct Variable(AtomicU64);

/// The store-buffer test: each thread writes one variable, then reads the other one.
#[derive(Debug, Default)]
pub(crate) struct StoreBuffer {
    x: Variable,
    y: Variable,
}

impl StoreBuffer {
    /// `x = 1; r1 = y`. Returns whether the read saw the new value.
    pub(crate) fn left(&self, accesses: Accesses, round: u64) -> bool {
        write_then_read(&self.x.0, &self.y.0, accesses, round)
    }

    /// `y = 1; r2 = x`. Returns whether the read saw the new value.
    pub(crate) fn right(&self, accesses: Accesses, round: u64) -> bool {
        write_then_read(&self.y.0, &self.x.0, accesses, round)
    }
}

fn write_then_read(mine: &AtomicU64, theirs: &AtomicU64, accesses: Accesses, round: u64) -> bool {
    let (write, read) = match accesses {
        Accesses::Relaxed | Accesses::Fenced => (Ordering::Relaxed, Ordering::Relaxed),
        Accesses::ReleaseAcquire => (Ordering::Release, Ordering::Acquire),
        Accesses::SequentiallyConsistent => (Ordering::SeqCst, Ordering::SeqCst),
    };
    mine.store(round, write);
    if matches!(accesses, Accesses::Fenced) {
        fence(Ordering::SeqCst);
    }
    theirs.load(read) == round
}

/// The outcomes of reading a value of two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    Old,
    New,
    /// One word of each: a value that no thread wrote.
    Torn,
}

/// A value of 128 bits that one thread writes and another one reads.
pub(crate) trait Wide {
    fn write(&self, value: [u64; 2]);
    fn read(&self) -> [u64; 2];

    fn write_round(&self, round: u64) {
        self.write([round, round]);
    }

    fn see_round(&self, round: u64) -> Seen {
        match self.read().map(|word| word == round) {
            [true, true] => Seen::New,
            [false, false] => Seen::Old,
            _ => Seen::Torn,
        }
    }
}

/// Each word is atomic, the value is not.
#[derive(Debug, Default)]
pub(crate) struct TwoWords([AtomicU64; 2]);

impl Wide for TwoWords {
    fn write(&self, value: [u64; 2]) {
        self.0[0].store(value[0], Ordering::Relaxed);
        self.0[1].store(value[1], Ordering::Relaxed);
    }

    fn read(&self) -> [u64; 2] {
        [
            self.0[0].load(Ordering::Relaxed),
            self.0[1].load(Ordering::Relaxed),
        ]
    }
}

impl Wide for Mutex<[u64; 2]> {
    fn write(&self, value: [u64; 2]) {
        *self.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    fn read(&self) -> [u64; 2] {
        *self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wide for Published<[u64; 2]> {
    fn write(&self, value: [u64; 2]) {
        self.store(value);
    }

    fn read(&self) -> [u64; 2] {
        *self.load()
    }
}
