//! A gate that is waited for while its latches go.

use loom::thread;

use super::*;
use crate::sync::model::{Done, block_on};

#[test]
fn the_opening_is_never_missed_and_all_before_it_is_seen() {
    loom::model(|| {
        let (gate, done) = (Gate::new(), Done::default());
        let threads = [gate.latch("one"), gate.latch("other")].map(|latch| {
            let done = done.clone();
            thread::spawn(move || {
                done.note();
                latch.open();
            })
        });
        assert_eq!(block_on(gate.opened()), Ok(()));
        assert_eq!(done.seen(), 2);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn all_waiters_see_it_open() {
    loom::model(|| {
        let gate = Gate::new();
        let latch = gate.latch("only");
        let other = {
            let gate = gate.clone();
            thread::spawn(move || block_on(gate.opened()))
        };
        let opener = thread::spawn(move || latch.open());
        assert_eq!(block_on(gate.opened()), Ok(()));
        assert_eq!(other.join().unwrap(), Ok(()));
        opener.join().unwrap();
    });
}

#[test]
fn a_latch_that_is_given_up_fails_the_gate_while_others_open() {
    loom::model(|| {
        let gate = Gate::new();
        let (kept, lost) = (gate.latch("kept"), gate.latch("lost"));
        let opener = thread::spawn(move || kept.open());
        let loser = thread::spawn(move || drop(lost));
        assert_eq!(block_on(gate.opened()), Err(Abandoned { what: "lost" }));
        opener.join().unwrap();
        loser.join().unwrap();
        assert!(!gate.is_open());
    });
}

#[test]
fn of_two_latches_that_are_given_up_one_is_named_to_all() {
    loom::model(|| {
        let gate = Gate::new();
        let threads = [gate.latch("one"), gate.latch("other")]
            .map(|latch| thread::spawn(move || drop(latch)));
        let failed = block_on(gate.opened());
        assert!(failed.is_err());
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(block_on(gate.opened()), failed);
    });
}

#[test]
fn a_latch_that_comes_at_the_opening_holds_it_back_or_is_born_released() {
    loom::model(|| {
        let gate = Gate::new();
        let first = gate.latch("first");
        let opener = thread::spawn(move || first.open());
        let late = gate.latch("late");
        let released = gate.is_open();
        if released {
            drop(late);
        } else {
            assert!(gate.waiting_for().contains(&"late"));
            late.open();
        }
        opener.join().unwrap();
        assert_eq!(block_on(gate.opened()), Ok(()));
        assert!(gate.waiting_for().is_empty());
    });
}

#[test]
fn a_latch_that_was_taken_unreleased_holds_the_gate_back() {
    loom::model(|| {
        let gate = Gate::new();
        let first = gate.latch("first");
        let opener = thread::spawn(move || first.open());
        let late = gate.latch("late");
        if late.id.is_some() {
            assert!(!gate.is_open());
        }
        opener.join().unwrap();
        assert_eq!(gate.is_open(), late.id.is_none());
        late.open();
        assert!(gate.is_open());
    });
}
