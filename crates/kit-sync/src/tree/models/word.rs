//! The promises of the word itself.

use std::sync::Arc;

use super::*;
use crate::tree::word::Word;

#[test]
fn nothing_enters_once_the_end_was_seen() {
    loom::model(|| {
        let word = Arc::new(Word::default());
        let other = {
            let word = Arc::clone(&word);
            thread::spawn(move || {
                let entered = word.enter();
                (entered, entered && word.leave().ended)
            })
        };
        let cancelled = word.cancel().ended;
        if word.is_ended() {
            assert!(!word.enter());
            assert_eq!(word.count(), 0);
        }
        let (entered, left) = other.join().unwrap();
        assert!(cancelled != left, "one step ends it");
        assert!(entered || cancelled);
    });
}

#[test]
fn one_step_ends_it() {
    loom::model(|| {
        let word = Arc::new(Word::default());
        assert!(word.enter());
        let steps: [fn(&Word) -> bool; 2] = [|word| word.leave().ended, |word| word.end().ended];
        let others = steps.map(|step| {
            let word = Arc::clone(&word);
            thread::spawn(move || step(&word))
        });
        let mut ended = usize::from(word.cancel().ended);
        for other in others {
            ended += usize::from(other.join().unwrap());
        }
        assert_eq!(ended, 1);
        assert_eq!(word.count(), 0);
    });
}

#[test]
fn a_reader_that_sees_it_cancelled_sees_all_before() {
    loom::model(|| {
        let (word, done) = (Arc::new(Word::default()), Done::default());
        let reader = {
            let (word, done) = (Arc::clone(&word), done.clone());
            thread::spawn(move || {
                if word.is_cancelled() {
                    assert_eq!(done.seen(), 1);
                }
            })
        };
        done.note();
        word.cancel();
        reader.join().unwrap();
    });
}

#[test]
fn a_reader_that_sees_it_ended_sees_all_before() {
    loom::model(|| {
        let (word, done) = (Arc::new(Word::default()), Done::default());
        let reader = {
            let (word, done) = (Arc::clone(&word), done.clone());
            thread::spawn(move || {
                if word.is_ended() {
                    assert_eq!(done.seen(), 1);
                }
            })
        };
        done.note();
        word.end();
        reader.join().unwrap();
    });
}
