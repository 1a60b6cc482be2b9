//! The dispositions with which the process was started.

use crate::signals::signal::Signal;

/// Which signals are caught and which are ignored, as bits. Read on Linux; elsewhere none are
/// known, because safe code cannot ask for one without replacing it.
#[derive(Debug, Default)]
pub(super) struct Dispositions {
    caught: u64,
    ignored: u64,
}

impl Dispositions {
    pub(super) fn read() -> Dispositions {
        // Without `/proc` nothing is known, as elsewhere.
        let status = std::fs::read_to_string("/proc/self/status");
        status.map_or_else(
            |_| Dispositions::default(),
            |status| Dispositions::of(&status),
        )
    }

    fn of(status: &str) -> Dispositions {
        let field = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let bits = value.and_then(|value| u64::from_str_radix(value.trim(), 16).ok());
            bits.unwrap_or_default()
        };
        Dispositions {
            caught: field("SigCgt:"),
            ignored: field("SigIgn:"),
        }
    }

    pub(super) fn is_caught(&self, signal: Signal) -> bool {
        has(self.caught, signal)
    }

    pub(super) fn is_ignored(&self, signal: Signal) -> bool {
        has(self.ignored, signal)
    }
}

/// Signal 1 is the lowest bit.
fn has(bits: u64, signal: Signal) -> bool {
    let bit = u32::try_from(signal.number() - 1).unwrap_or(u32::MAX);
    bits.checked_shr(bit).unwrap_or_default() & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_counted_from_signal_1() {
        let status = "Name:\tkit\nSigBlk:\tffffffffffffffff\n\
                      SigIgn:\t0000000000001001\nSigCgt:\t8000000000004002\n";
        let read = Dispositions::of(status);
        let those = |is: &dyn Fn(Signal) -> bool| -> Vec<i32> {
            (-1..=70)
                .filter(|number| is(Signal::from(*number)))
                .collect()
        };
        assert_eq!(those(&|signal| read.is_ignored(signal)), [1, 13]);
        assert_eq!(those(&|signal| read.is_caught(signal)), [2, 15, 64]);
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for status in ["", "SigIgn:\n", "SigIgn: none\nSigCgt:\t-1\n"] {
            let read = Dispositions::of(status);
            assert_eq!((read.caught, read.ignored), (0, 0), "{status:?}");
        }
    }
}
