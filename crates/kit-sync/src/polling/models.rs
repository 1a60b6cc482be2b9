//! A reader of a poll cell takes no half of one poll for a half of another.

use std::sync::Arc;

use super::cell::*;

#[test]
fn a_reading_belongs_to_one_poll() {
    loom::model(|| {
        let cell = Arc::new(PollCell::default());
        let reader = {
            let cell = Arc::clone(&cell);
            loom::thread::spawn(move || {
                if let Some(polling) = cell.read() {
                    assert_eq!(polling.scope, polling.task, "two halves of two polls");
                    assert_eq!(polling.turn, 2 * polling.scope - 1);
                }
            })
        };
        for poll in 1..=2 {
            let outer = cell.enter(poll, poll);
            cell.leave(outer);
        }
        reader.join().unwrap();
    });
}

#[test]
fn a_poll_inside_a_poll_is_a_turn_of_its_own() {
    loom::model(|| {
        let cell = Arc::new(PollCell::default());
        let reader = {
            let cell = Arc::clone(&cell);
            loom::thread::spawn(move || {
                if let Some(polling) = cell.read() {
                    assert_eq!(polling.scope, polling.task, "two halves of two polls");
                    let inner = polling.turn == 3;
                    assert_eq!(polling.scope, if inner { 2 } else { 1 });
                }
            })
        };
        let none = cell.enter(1, 1);
        let outer = cell.enter(2, 2);
        cell.leave(outer);
        cell.leave(none);
        reader.join().unwrap();
    });
}

#[test]
fn an_errand_is_one_of_the_poll_that_is_read() {
    loom::model(|| {
        let cell = Arc::new(PollCell::default());
        let reader = {
            let cell = Arc::clone(&cell);
            loom::thread::spawn(move || {
                if let Some(polling) = cell.read() {
                    let own = [0, polling.scope];
                    assert!(own.contains(&polling.errand), "of another poll");
                }
            })
        };
        for poll in 1..=2 {
            let outer = cell.enter(poll, poll);
            cell.set_errand(poll);
            cell.leave(outer);
        }
        reader.join().unwrap();
    });
}
