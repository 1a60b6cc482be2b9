//! Where runners run when loom explores them.

use std::ops::RangeInclusive;
use std::task::Waker;

use super::runner::Runner;

// So that the least limit has a bundle, too.
pub(super) const BUNDLE: RangeInclusive<usize> = 2..=2;

// Each look is one more step to interleave, and proves no more than the first.
pub(super) const PATIENCE: usize = 1;
pub(super) const WHILE: usize = 0;
pub(super) const MOMENT: usize = 0;
pub(super) const BREATH: usize = 0;

/// Threads of loom. They hold nobody up, so nobody watches.
pub(super) struct Runtime;

impl Runtime {
    pub(super) fn current(_lookout: impl FnOnce() -> Waker) -> Runtime {
        Runtime
    }

    pub(super) fn start<E: Send + 'static>(&self, runner: Runner<E>) {
        loom::thread::spawn(move || loom::future::block_on(runner));
    }

    pub(super) fn threads(&self) -> usize {
        1
    }

    pub(super) fn has_threads(&self) -> bool {
        true
    }

    pub(super) fn has_ended(&self) {}

    pub(super) fn arm(&self) -> bool {
        false
    }
}
