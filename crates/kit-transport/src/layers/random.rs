//! Random numbers for the ids of requests and traces.

use std::cell::Cell;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// xoshiro256++, by David Blackman and Sebastiano Vigna (in the public domain).
///
/// An id must not come again, and is no secret. The period is 2²⁵⁶ − 1. Each thread begins at a place that
/// the standard library's hash of nothing gives, whose 128 bits of keys come from the system's random
/// source and differ at each call: that two threads of a fleet ever give the same numbers is as improbable
/// as that two of these keys are the same. The next numbers of a thread can be computed from those before.
#[derive(Clone, Copy)]
struct Generator([u64; 4]);

impl Generator {
    fn seeded() -> Generator {
        let mut state = [0; 4];
        // All of them zero would give zeros only.
        while state == [0; 4] {
            state = [(); 4].map(|()| RandomState::new().build_hasher().finish());
        }
        Generator(state)
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }
}

thread_local! {
    static GENERATOR: Cell<Generator> = Cell::new(Generator::seeded());
}

/// As many random bytes. No secret. Another thread and another process have others, but for a copy of this
/// process: after a fork without exec, or from a snapshot of its machine, both go on with the same bytes.
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    GENERATOR.with(|cell| {
        let mut generator = cell.get();
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            let random = generator.next().to_ne_bytes();
            part.copy_from_slice(&random[..part.len()]);
        }
        cell.set(generator);
        bytes
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut generator = Generator([1, 2, 3, 4]);
        let numbers = [(); 5].map(|()| generator.next());
        // The first five of the authors' code for this state.
        assert_eq!(
            numbers,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386,
                9_228_616_714_210_784_205
            ]
        );
    }

    #[test]
    fn no_thread_gives_what_another_gives() {
        let give = || (0..1_000).map(|_| random_bytes::<8>()).collect::<Vec<_>>();
        let all: Vec<_> = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(give));
            let ended = threads.map(|thread| thread.join().expect("it ends"));
            ended.into_iter().flatten().collect()
        });
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 8_000);
    }
}
