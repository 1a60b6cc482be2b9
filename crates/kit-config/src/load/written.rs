//! Keys of the value that was read, and those of the tree that it was read from.

use std::collections::HashSet;

use crate::tree::key::{KeyPath, Step};

/// The key under which a value was written, from the one that it has without the values that were passed over: those
/// behind them in a list have lower indices.
pub(super) fn written_key(key: &KeyPath, skipped: &HashSet<KeyPath>) -> KeyPath {
    let mut written = KeyPath::root();
    for step in key.steps() {
        let step = match step {
            Step::Key(name) => Step::Key(name.clone()),
            Step::Index(index) => {
                let inside = skipped
                    .iter()
                    .filter(|key| key.parent().as_ref() == Some(&written));
                let mut passed: Vec<usize> = inside
                    .filter_map(|key| match key.steps().last() {
                        Some(Step::Index(index)) => Some(*index),
                        _ => None,
                    })
                    .collect();
                passed.sort_unstable();
                let behind = |index: usize, passed: usize| index + usize::from(passed <= index);
                Step::Index(passed.into_iter().fold(*index, behind))
            }
        };
        written = written.step(step);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_that_of_the_list_as_it_was_written() {
        let list = KeyPath::root().key("list");
        let other = KeyPath::root().key("other");
        let skipped = [
            list.index(0),
            list.index(2),
            list.index(3),
            list.index(4).index(0),
            other.index(1),
            list.key("0"),
        ];
        let skipped: HashSet<KeyPath> = skipped.into_iter().collect();
        for (key, written) in [
            (list.clone(), "list"),
            (list.index(0), "list[1]"),
            (list.index(1).index(0).key("x"), "list[4][1].x"),
            (list.index(2), "list[5]"),
            (other.index(0), "other[0]"),
            (other.index(1), "other[2]"),
        ] {
            assert_eq!(written_key(&key, &skipped).to_string(), written, "{key}");
        }
    }
}
