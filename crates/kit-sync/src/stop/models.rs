//! A token that is cancelled and read at the same time.

use loom::thread;

use super::*;
use crate::sync::model::{Done, block_on};

#[test]
fn a_reader_that_sees_it_cancelled_sees_the_cause_and_all_before_it() {
    loom::model(|| {
        let (token, done) = (StopToken::new(), Done::default());
        let canceller = {
            let (token, done) = (token.clone(), done.clone());
            thread::spawn(move || {
                done.note();
                token.cancel(Cause::Deadline)
            })
        };
        if token.is_cancelled() {
            assert_eq!(token.cause(), Some(Cause::Deadline));
            assert_eq!(done.seen(), 1);
        }
        block_on(token.cancelled());
        assert_eq!(token.cause(), Some(Cause::Deadline));
        assert_eq!(done.seen(), 1);
        assert!(canceller.join().unwrap());
    });
}

#[test]
fn of_two_cancels_one_is_the_first_and_gives_the_cause() {
    loom::model(|| {
        let token = StopToken::new();
        let other = {
            let token = token.clone();
            thread::spawn(move || {
                let first = token.cancel(Cause::Signal(2));
                (first, token.cause())
            })
        };
        let mine = token.cancel(Cause::Signal(1));
        let cause = token.cause();
        let (others, seen) = other.join().unwrap();
        assert!(mine != others, "one was first");
        assert_eq!(cause, Some(Cause::Signal(if mine { 1 } else { 2 })));
        assert_eq!(seen, cause);
    });
}

#[test]
fn a_child_has_the_cause_of_its_parent_as_soon_as_it_is_cancelled() {
    loom::model(|| {
        let token = StopToken::new();
        let child = token.child().child();
        let canceller = {
            let token = token.clone();
            thread::spawn(move || token.cancel(Cause::Deadline))
        };
        block_on(child.cancelled());
        assert_eq!(child.cause(), Some(Cause::Deadline));
        assert!(canceller.join().unwrap());
    });
}

#[test]
fn a_child_that_is_made_meanwhile_is_cancelled_for_the_same_cause() {
    loom::model(|| {
        let token = StopToken::new();
        let canceller = {
            let token = token.clone();
            thread::spawn(move || token.cancel(Cause::Deadline))
        };
        let child = token.child();
        block_on(child.cancelled());
        assert_eq!(child.cause(), Some(Cause::Deadline));
        assert!(canceller.join().unwrap());
    });
}

#[test]
fn a_cause_that_was_seen_never_changes() {
    loom::model(|| {
        let token = StopToken::new();
        let child = token.child();
        let parent = thread::spawn(move || token.cancel(Cause::Signal(1)));
        let alone = {
            let child = child.clone();
            thread::spawn(move || child.cancel(Cause::Signal(2)))
        };
        block_on(child.cancelled());
        let seen = child.cause();
        assert!(parent.join().unwrap());
        let own = alone.join().unwrap();
        assert_eq!(child.cause(), seen);
        assert_eq!(seen, Some(Cause::Signal(if own { 2 } else { 1 })));
    });
}
