//! The parts of a text that are not shown.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes that are not shown: apart from each other, by their first byte, with the end of each part.
#[derive(Debug, Default)]
pub(super) struct HiddenBytes(BTreeMap<usize, usize>);

impl HiddenBytes {
    /// Adds a part, which becomes one with those that it meets.
    pub(super) fn add(&mut self, bytes: Range<usize>) {
        let Range { mut start, mut end } = bytes;
        if start >= end {
            return;
        }
        // The parts are apart, so that the last one that begins in time is the first to be asked.
        while let Some((&first, &last)) = self.0.range(..=end).next_back() {
            if last < start {
                break;
            }
            self.0.remove(&first);
            (start, end) = (start.min(first), end.max(last));
        }
        self.0.insert(start, end);
    }

    /// Whether all of these bytes are in one of them.
    pub(super) fn has_all(&self, bytes: &Range<usize>) -> bool {
        let part = self.0.range(..=bytes.start).next_back();
        !bytes.is_empty() && part.is_some_and(|(_, end)| bytes.end <= *end)
    }

    /// Whether a byte is in one of them.
    pub(super) fn has(&self, at: usize) -> bool {
        let part = self.0.range(..=at).next_back();
        part.is_some_and(|(_, end)| at < *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_meet_become_one() {
        let mut hidden = HiddenBytes::default();
        for bytes in [4..6, 10..12, 0..1, 5..8, 8..10, 20..20, 3..9] {
            hidden.add(bytes);
        }
        let shown: Vec<usize> = (0..22).filter(|at| !hidden.has(*at)).collect();
        assert_eq!(shown, [1, 2, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
        assert_eq!(hidden.0.into_iter().collect::<Vec<_>>(), [(0, 1), (3, 12)]);
    }
}
