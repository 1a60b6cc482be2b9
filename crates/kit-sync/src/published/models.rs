//! Readers and writers of one value. The stand-in for `arc-swap` gives a reader old values as long
//! as nothing orders it after their replacement.

use loom::thread;

use super::*;
use crate::sync::model::{Done, block_on};

#[test]
fn a_store_happens_before_the_load_that_returns_its_value() {
    loom::model(|| {
        let (published, done) = (Arc::new(Published::new(0)), Done::default());
        let writer = {
            let (published, done) = (Arc::clone(&published), done.clone());
            thread::spawn(move || {
                done.note();
                published.store(1);
            })
        };
        if *published.load() == 1 {
            assert_eq!(done.seen(), 1);
        }
        writer.join().unwrap();
    });
}

#[test]
fn changes_ends_with_the_last_value_and_gives_none_twice() {
    loom::model(|| {
        let published = Published::new(0);
        let mut changes = published.changes();
        let writer = thread::spawn(move || {
            published.store(1);
            published.store(2);
        });
        let mut last = 0;
        while let Some(next) = block_on(changes.next()) {
            assert!(*next > last);
            last = *next;
        }
        assert_eq!(last, 2);
        writer.join().unwrap();
    });
}

#[test]
fn the_latest_value_is_never_missed_while_the_publisher_lives() {
    loom::model(|| {
        let published = Arc::new(Published::new(0));
        let mut changes = published.changes();
        let writer = {
            let published = Arc::clone(&published);
            thread::spawn(move || {
                published.store(1);
                published.update(|value| value + 1);
            })
        };
        while *block_on(changes.next()).expect("the publisher lives") < 2 {}
        writer.join().unwrap();
    });
}

#[test]
fn no_update_is_lost() {
    loom::model(|| {
        let published = Arc::new(Published::new(0));
        let mut changes = published.changes();
        let writers = [(); 2].map(|()| {
            let published = Arc::clone(&published);
            thread::spawn(move || published.update(|value| value + 1))
        });
        while *block_on(changes.next()).expect("the publisher lives") < 2 {}
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(*published.load(), 2);
    });
}

#[test]
fn of_two_writers_that_replace_the_same_value_one_does() {
    loom::model(|| {
        let published = Arc::new(Published::new(0));
        let current = published.load();
        let other = {
            let (published, current) = (Arc::clone(&published), Arc::clone(&current));
            thread::spawn(move || published.compare_and_swap(&current, 1))
        };
        let mine = published.compare_and_swap(&current, 2);
        let other = other.join().unwrap();
        match (mine, other) {
            (Ok(()), Err(found)) => assert_eq!(*found, 2),
            (Err(found), Ok(())) => assert_eq!(*found, 1),
            both => panic!("{both:?}"),
        }
    });
}

#[test]
fn whichever_way_a_value_is_replaced_the_new_one_is_never_missed() {
    let ways: [fn(&Published<u8>); 4] = [
        |published| published.store(1),
        |published| assert_eq!(*published.swap(1), 0),
        |published| published.update(|value| value + 1),
        |published| assert!(published.compare_and_swap(&published.load(), 1).is_ok()),
    ];
    for replace in ways {
        loom::model(move || {
            let published = Arc::new(Published::new(0));
            let mut changes = published.changes();
            let writer = {
                let published = Arc::clone(&published);
                thread::spawn(move || replace(&published))
            };
            assert_eq!(*block_on(changes.next()).expect("the publisher lives"), 1);
            writer.join().unwrap();
        });
    }
}
