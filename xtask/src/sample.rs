//! The same choice for the same seed.

/// `count` of the names, in an order that depends on the seed and on nothing else.
///
/// Each name has its own rank, so that a sample is the beginning of every larger one, and a name
/// that comes or goes leaves the ranks of the others alone.
pub(crate) fn choose(mut names: Vec<String>, count: usize, seed: u64) -> Vec<String> {
    names.sort_by_cached_key(|name| (rank(name, seed), name.clone()));
    names.dedup();
    names.truncate(count);
    names
}

/// FNV-1a over the seed and the name, with splitmix64's last steps: FNV alone leaves names that
/// differ at their end close to each other.
fn rank(name: &str, seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().into_iter().chain(name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::choose;

    fn names() -> Vec<String> {
        (0..100).map(|n| format!("src/a.rs:{n}:5")).collect()
    }

    #[test]
    fn a_seed_chooses_the_same_whatever_the_order() {
        let mut reversed = names();
        reversed.reverse();
        assert_eq!(choose(names(), 10, 7), choose(reversed, 10, 7));
        assert_ne!(choose(names(), 10, 7), choose(names(), 10, 8));
    }

    #[test]
    fn a_sample_is_the_beginning_of_a_larger_one() {
        let large = choose(names(), 20, 7);
        assert_eq!(choose(names(), 10, 7), large[..10]);
        assert_eq!(choose(names(), 1000, 7).len(), 100);
    }

    #[test]
    fn the_choice_is_spread_over_all_names() {
        let chosen = choose(names(), 50, 7);
        let first_half = chosen.iter().filter(|name| names()[..50].contains(name));
        let first_half = first_half.count();
        assert!((15..=35).contains(&first_half), "{first_half} of 50");
    }
}
