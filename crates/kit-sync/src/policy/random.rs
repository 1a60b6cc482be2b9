//! The random part of a delay.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

thread_local! {
    /// Where the numbers of this thread come from, once a test has given a seed.
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From 0 to below 1: the standard library's hash of nothing, with keys that come from the
/// system's random source and differ at each call; on a thread with a seed, the next number of that.
pub(super) fn random_fraction() -> f64 {
    let bits = match SEED.get() {
        Some(seed) => {
            let next = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            SEED.set(Some(next));
            mixed(next)
        }
        None => RandomState::new().build_hasher().finish(),
    };
    // 53 bits are what an f64 holds exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// From here on the random parts of this thread's delays come from a seed.
pub(crate) fn seed(seed: u64) {
    SEED.set(Some(seed));
}

/// SplitMix64: a counter, whose bits are mixed.
fn mixed(counter: u64) -> u64 {
    let bits = (counter ^ (counter >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_they_are_spread() {
        let numbers = |of| {
            seed(of);
            let numbers: Vec<f64> = (0..1000).map(|_| random_fraction()).collect();
            numbers
        };
        let first = numbers(7);
        assert_eq!(first, numbers(7));
        assert_ne!(first, numbers(8));
        let mean = first.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        assert!(first.iter().all(|number| (0.0..1.0).contains(number)));
    }
}
