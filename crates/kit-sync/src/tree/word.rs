//! A node's state and live count in one atomic word.

use crate::sync::{AtomicUsize, Ordering};

const CANCELLED: usize = 1;
const ENDED: usize = 2;
const ONE: usize = 4;

/// State and count of one node.
///
/// 1. A node is *open* (no bit), *cancelled*, or *ended* (both bits); bits are never taken back.
/// 2. Nothing enters an ended node.
/// 3. A cancelled node ends in the very step that takes its count to zero, so nothing can enter
///    between "cancelled and empty" and "ended".
///
/// Every change is a read-modify-write with acquire and release, so everything that a member did
/// before it left happens before the node is seen ended.
///
/// On a separate cache line: it changes with every task, and its neighbours are read more often.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Word(AtomicUsize);

/// The effect of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// This very step made the node end.
    pub(super) ended: bool,
    /// Nothing is left inside.
    pub(super) empty: bool,
}

impl Word {
    /// Counts one more in, unless the node has ended.
    pub(super) fn enter(&self) -> bool {
        let enter = |word| (word & ENDED == 0).then_some(word + ONE);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, enter)
            .is_ok()
    }

    /// Counts one out.
    pub(super) fn leave(&self) -> Change {
        self.change(|word| {
            let word = word - ONE;
            if word == CANCELLED {
                CANCELLED | ENDED
            } else {
                word
            }
        })
    }

    /// Open to cancelled, and on to ended when empty.
    pub(super) fn cancel(&self) -> Change {
        self.change(|word| {
            if word < ONE {
                CANCELLED | ENDED
            } else {
                word | CANCELLED
            }
        })
    }

    /// To ended, whatever is left inside.
    pub(super) fn end(&self) -> Change {
        self.change(|word| word | CANCELLED | ENDED)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire) & CANCELLED != 0
    }

    pub(super) fn is_ended(&self) -> bool {
        self.0.load(Ordering::Acquire) & ENDED != 0
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire) / ONE
    }

    fn change(&self, to: impl Fn(usize) -> usize) -> Change {
        let before = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| Some(to(word)))
            .unwrap_or_else(|word| word);
        let after = to(before);
        Change {
            ended: before & ENDED == 0 && after & ENDED != 0,
            empty: after < ONE,
        }
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_node_still_takes_members_and_ends_with_the_last() {
        let word = Word::default();
        assert!(word.enter());
        assert_eq!(
            word.cancel(),
            Change {
                ended: false,
                empty: false
            }
        );
        assert!(word.enter(), "a draining server starts streams");
        assert!(!word.leave().ended);
        assert_eq!(
            word.leave(),
            Change {
                ended: true,
                empty: true
            }
        );
        assert!(!word.enter());
    }

    #[test]
    fn an_empty_node_ends_when_cancelled_and_only_once() {
        let word = Word::default();
        assert!(word.cancel().ended);
        assert!(!word.cancel().ended);
        assert!(!word.end().ended);
    }

    #[test]
    fn a_node_that_is_ended_by_force_refuses_at_once_and_empties_later() {
        let word = Word::default();
        assert!(word.enter());
        assert_eq!(
            word.end(),
            Change {
                ended: true,
                empty: false
            }
        );
        assert!(!word.enter());
        assert_eq!(
            word.leave(),
            Change {
                ended: false,
                empty: true
            }
        );
    }
}
