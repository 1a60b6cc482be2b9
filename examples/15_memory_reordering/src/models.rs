//! The same programs in loom: every interleaving, and every value that a read may return.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use kit_sync::Published;
use loom::thread;

use crate::litmus::{Accesses, Seen, StoreBuffer, TwoWords, Wide};

/// Every outcome over all executions: these programs are small enough for all of them.
fn outcomes<T: Ord + Send + 'static>(
    program: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let keep = Arc::clone(&seen);
    let mut all = loom::model::Builder::new();
    all.preemption_bound = None;
    all.check(move || {
        let outcome = program();
        keep.lock().unwrap().insert(outcome);
    });
    std::mem::take(&mut *seen.lock().unwrap())
}

/// The outcomes `(r1, r2)`, as 0 and 1.
fn store_buffer(accesses: Accesses) -> Vec<(u8, u8)> {
    let outcomes = outcomes(move || {
        let test = Arc::new(StoreBuffer::default());
        let other = Arc::clone(&test);
        let left = thread::spawn(move || other.left(accesses, 1));
        let r2 = test.right(accesses, 1);
        (left.join().unwrap().into(), r2.into())
    });
    outcomes.into_iter().collect()
}

fn wide<W: Wide + Send + Sync + 'static>(new: fn() -> W) -> Vec<Seen> {
    let outcomes = outcomes(move || {
        let value = Arc::new(new());
        let writer = Arc::clone(&value);
        let writing = thread::spawn(move || writer.write_round(1));
        let seen = value.see_round(1);
        writing.join().unwrap();
        seen
    });
    outcomes.into_iter().collect()
}

const ALL: [(u8, u8); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

#[test]
fn relaxed_accesses_may_both_read_zero() {
    assert_eq!(store_buffer(Accesses::Relaxed), ALL);
}

#[test]
fn release_and_acquire_may_both_read_zero() {
    assert_eq!(store_buffer(Accesses::ReleaseAcquire), ALL);
}

#[test]
fn with_a_fence_between_one_of_them_reads_one() {
    assert_eq!(store_buffer(Accesses::Fenced), ALL[1..]);
}

/// The language forbids (0, 0) here, and loom does not know it yet. When this test fails, loom does, and
/// the book's chapter and the rule that our models use no such accesses can change.
#[test]
fn loom_reports_a_double_zero_of_sequentially_consistent_accesses_that_the_language_forbids() {
    assert_eq!(store_buffer(Accesses::SequentiallyConsistent), ALL);
}

#[test]
fn two_atomic_words_may_be_seen_torn() {
    assert_eq!(wide(TwoWords::default), [Seen::Old, Seen::New, Seen::Torn]);
}

#[test]
fn a_published_value_is_seen_whole() {
    assert_eq!(wide(|| Published::new([0; 2])), [Seen::Old, Seen::New]);
}
