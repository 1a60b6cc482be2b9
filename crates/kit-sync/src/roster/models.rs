//! An entry and a reader meet at a lock, even where there was none before.

use std::sync::Arc;

use loom::thread;

use super::*;
use crate::sync::model::Done;

#[test]
fn an_entry_is_found_or_its_owner_sees_the_flag() {
    loom::model(|| {
        let (roster, flag) = (Arc::new(Roster::new()), Done::default());
        let enters = {
            let (roster, flag) = (Arc::clone(&roster), flag.clone());
            thread::spawn(move || {
                let slot = roster.insert(7);
                (flag.seen() == 1, slot)
            })
        };
        flag.note();
        let found = roster.collect(|entry| *entry) == [7];
        let (saw, slot) = enters.join().unwrap();
        assert!(found || saw);
        assert_eq!(roster.remove(slot), 7);
    });
}

#[test]
fn two_that_enter_at_once_are_both_there_afterwards() {
    loom::model(|| {
        let roster = Arc::new(Roster::new());
        let other = {
            let roster = Arc::clone(&roster);
            thread::spawn(move || roster.insert(1))
        };
        let mine = roster.insert(2);
        let other = other.join().unwrap();
        assert_eq!(roster.remove(other), 1);
        assert_eq!(roster.collect(|entry| *entry), [2]);
        assert_eq!(roster.remove(mine), 2);
    });
}
