//! Random numbers for ids, and for a choice.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// 64 bits that no other process has: the standard library's hash of nothing, whose keys come from the
/// system's random source and differ at each call.
pub(crate) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// One of the numbers below `count`, which is not 0.
pub(crate) fn random_index(count: usize) -> usize {
    usize::try_from(random_bits() % count as u64).unwrap_or(0)
}
