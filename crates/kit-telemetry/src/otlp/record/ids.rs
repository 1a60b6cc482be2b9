//! The ids of spans.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};

pub(super) type TraceId = [u8; 16];
pub(super) type SpanId = [u8; 8];

/// What places a span in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    /// The flags of W3C: 1 for *sampled*, 2 for *random*.
    pub(super) flags: u8,
}

pub(super) const SAMPLED: u8 = 1;
pub(super) const RANDOM: u8 = 2;

thread_local! {
    /// A keyed hash of a counter: the keys are random and differ by thread and by process.
    static IDS: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
}

/// A number that comes again in no process. No secret. Not zero, which is no id.
fn random() -> u64 {
    IDS.with(|(keys, counter)| {
        loop {
            counter.set(counter.get().wrapping_add(1));
            let number = keys.hash_one(counter.get());
            if number != 0 {
                return number;
            }
        }
    })
}

pub(super) fn new_span_id() -> SpanId {
    random().to_be_bytes()
}

pub(super) fn new_trace_id() -> TraceId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&random().to_be_bytes());
    id[8..].copy_from_slice(&random().to_be_bytes());
    id
}

/// The id that these digits show; `None` for anything else, and for zeros alone.
pub(super) fn parse<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    (id != [0; N]).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_shown() {
        assert_eq!(
            parse("00f067aa0ba902b7"),
            Some([0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 2, 0xb7])
        );
        for bad in [
            "",
            "0000000000000000",
            "00f067aa0ba902b",
            "00f067aa0ba902bg",
            "é0f067aa0ba902",
        ] {
            assert_eq!(parse::<8>(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_id_comes_again_on_any_thread() {
        let give = || (0..1_000).map(|_| new_span_id()).collect::<Vec<_>>();
        let all: Vec<_> = std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(give));
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("it ends"))
                .collect()
        });
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), 4_000);
    }
}
