//! Random numbers for the ids of requests and traces.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// 64 bits that come again in no process: the standard library's hash of nothing, whose keys come from
/// the system's random source and differ at each call. No secret.
pub(super) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// As many random bytes.
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for part in bytes.chunks_mut(8) {
        let random = random_bits().to_ne_bytes();
        part.copy_from_slice(&random[..part.len()]);
    }
    bytes
}
