//! Random numbers.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// 64 bits that no other process has: the standard library's hash of nothing, whose keys come from the
/// system's random source and differ at each call.
pub(crate) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}
