//! Times of a script, in milliseconds.

use crate::rng::Rng;

/// A time, mostly a short one, and often the same as another: orders differ among events of one instant.
pub(super) fn time(rng: &mut Rng) -> u64 {
    match rng.below(20) {
        0..=8 => 0,
        9..=12 => rng.one_of(&[1, 10, 50, 100]),
        13..=16 => rng.below(500),
        17 | 18 => rng.below(3_000),
        _ => rng.below(12_000),
    }
}

/// A time that is not 0.
pub(super) fn period(rng: &mut Rng) -> u64 {
    10 + time(rng)
}
