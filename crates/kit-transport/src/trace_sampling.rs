//! Which traces that begin here are recorded.

/// The random bits of a trace id that decide.
const BITS: u32 = 56;

/// The share of traces that are marked as *sampled*, of those that begin in this process.
///
/// The last 56 bits of the trace id decide, so that services with the same share keep the same traces.
/// An app that has it among [its values](crate::Context::with_app_values), as a resource for example, has given it to every
/// `layers::trace()` without a choice.
///
/// ```
/// use kit_transport::TraceSampling;
///
/// assert_eq!(TraceSampling::share(0.25), TraceSampling::one_in(4));
/// assert_eq!(TraceSampling::default(), TraceSampling::all());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceSampling {
    /// Random bits below this number: sampled.
    below: u64,
}

impl TraceSampling {
    /// All of them: the default.
    #[must_use]
    pub fn all() -> TraceSampling {
        TraceSampling { below: 1 << BITS }
    }

    /// A share between 0 (none) and 1 (all); a number outside counts as the nearest of these, and
    /// a NaN as 0.
    #[must_use]
    pub fn share(share: f64) -> TraceSampling {
        let whole = (1_u64 << BITS) as f64;
        let below = (share.clamp(0.0, 1.0) * whole) as u64;
        TraceSampling { below }
    }

    /// One in this many; none for 0.
    #[must_use]
    pub fn one_in(count: u64) -> TraceSampling {
        let below = (1_u64 << BITS).checked_div(count).unwrap_or(0);
        TraceSampling { below }
    }

    /// Whether the trace with this id, which begins here, is recorded.
    #[must_use]
    pub fn samples(self, trace: [u8; 16]) -> bool {
        let [.., a, b, c, d, e, f, g] = trace;
        u64::from_be_bytes([0, a, b, c, d, e, f, g]) < self.below
    }
}

impl Default for TraceSampling {
    fn default() -> TraceSampling {
        TraceSampling::all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(random: u64) -> [u8; 16] {
        let mut id = [0xff; 16];
        id[9..].copy_from_slice(&random.to_be_bytes()[1..]);
        id
    }

    #[test]
    fn the_last_bits_decide_and_the_bounds_take_all_and_none() {
        let last = (1 << BITS) - 1;
        for (sampling, taken, refused) in [
            (TraceSampling::all(), vec![0, last], vec![]),
            (TraceSampling::share(7.0), vec![0, last], vec![]),
            (TraceSampling::share(-1.0), vec![], vec![0, last]),
            (TraceSampling::share(f64::NAN), vec![], vec![0, last]),
            (TraceSampling::one_in(0), vec![], vec![0, last]),
            (
                TraceSampling::share(0.5),
                vec![0, last / 2],
                vec![last / 2 + 1],
            ),
            (
                TraceSampling::one_in(256),
                vec![(1 << 48) - 1],
                vec![1 << 48],
            ),
        ] {
            for random in taken {
                assert!(sampling.samples(id(random)), "{sampling:?} {random:x}");
            }
            for random in refused {
                assert!(!sampling.samples(id(random)), "{sampling:?} {random:x}");
            }
        }
    }
}
