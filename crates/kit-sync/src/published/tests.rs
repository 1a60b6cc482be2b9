use std::task::{Context, Poll, Waker};

use super::*;

#[tokio::test]
async fn changes_gives_the_latest_value_once_and_ends_with_its_publisher() {
    let published = Published::new(0);
    let mut changes = published.changes();
    published.store(1);
    published.store(2);
    assert_eq!(changes.next().await.as_deref(), Some(&2));
    published.store(3);
    drop(published);
    assert_eq!(changes.next().await.as_deref(), Some(&3));
    assert_eq!(changes.next().await, None);
}

#[test]
fn compare_and_swap_goes_by_identity_not_by_value() {
    let published = Published::new(7);
    let twin = Arc::new(7);
    let found = published
        .compare_and_swap(&twin, 8)
        .expect_err("an equal value is another");
    assert_eq!(published.compare_and_swap(&found, 8), Ok(()));
    assert_eq!(*published.swap(9), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_follows_changes_always_ends_at_the_last_value() {
    for _ in 0..100 {
        let published = Arc::new(Published::new(0_u32));
        let mut changes = published.changes();
        let writer = {
            let published = Arc::clone(&published);
            async move { (0..50).for_each(|_| published.update(|n| n + 1)) }
        };
        let reader = async move {
            let mut last = 0;
            while last < 50 {
                let next = *changes.next().await.expect("the publisher lives");
                assert!(next > last);
                last = next;
            }
        };
        let mut group = crate::Group::<std::convert::Infallible>::new();
        group.spawn(async {
            writer.await;
            Ok(())
        });
        group.spawn(async {
            reader.await;
            Ok(())
        });
        group.wait().await.unwrap();
    }
}

#[test]
fn a_value_that_was_not_replaced_stays() {
    let published = Published::new(7);
    let twin = Arc::new(7);
    assert!(published.compare_and_swap(&twin, 8).is_err());
    assert_eq!(*published.load(), 7);
}

#[test]
fn swap_gives_the_very_value_that_was_there() {
    let first = Arc::new(1);
    let published = Published::new(Arc::clone(&first));
    let before = published.swap(2);
    assert!(Arc::ptr_eq(&before, &first));
    assert_eq!(*published.load(), 2);
}

#[test]
fn an_update_starts_again_when_another_writer_came_first() {
    let published = Published::new(1);
    let mut calls = 0;
    published.update(|value| {
        calls += 1;
        if calls == 1 {
            published.store(10);
        }
        value + 1
    });
    assert_eq!(*published.load(), 11);
    assert_eq!(calls, 2);
}

#[test]
fn changes_waits_for_what_follows_the_current_value() {
    let published = Published::new(0);
    let mut changes = published.changes();
    assert_eq!(poll(&mut changes), Poll::Pending);
    published.store(1);
    assert_eq!(poll(&mut changes), Poll::Ready(Some(Arc::new(1))));
    assert_eq!(poll(&mut changes), Poll::Pending, "none is seen twice");
}

#[test]
fn nothing_is_lost_when_next_is_dropped() {
    let published = Published::new(0);
    let mut changes = published.changes();
    let mut dropped = Box::pin(changes.next());
    let mut context = Context::from_waker(Waker::noop());
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    published.store(1);
    // Woken, and dropped before it could return.
    drop(dropped);
    assert_eq!(poll(&mut changes), Poll::Ready(Some(Arc::new(1))));
}

#[test]
fn a_value_that_went_and_came_back_was_seen_already() {
    let first = Arc::new(0);
    let published = Published::new(Arc::clone(&first));
    let mut changes = published.changes();
    published.store(1);
    published.store(first);
    assert_eq!(poll(&mut changes), Poll::Pending);
    published.store(0);
    let equal = poll(&mut changes);
    assert_eq!(equal, Poll::Ready(Some(Arc::new(0))), "equal, but another");
}

#[test]
fn each_reader_has_its_own_place() {
    let published = Published::new(0);
    let (mut one, mut other) = (published.changes(), published.changes());
    published.store(1);
    assert_eq!(poll(&mut one), Poll::Ready(Some(Arc::new(1))));
    published.store(2);
    assert_eq!(poll(&mut one), Poll::Ready(Some(Arc::new(2))));
    assert_eq!(poll(&mut other), Poll::Ready(Some(Arc::new(2))));
}

#[test]
fn the_end_is_given_again_and_again() {
    let published = Published::new(0);
    let mut changes = published.changes();
    drop(published);
    assert_eq!(poll(&mut changes), Poll::Ready(None));
    assert_eq!(poll(&mut changes), Poll::Ready(None));
}

fn poll<T>(changes: &mut Changes<T>) -> Poll<Option<Arc<T>>> {
    let mut context = Context::from_waker(Waker::noop());
    std::pin::pin!(changes.next()).poll(&mut context)
}

#[test]
fn a_reading_does_not_change() {
    let published = Published::<String>::new(String::from("old"));
    let read = published.read();
    published.store(String::from("new"));
    assert_eq!((read.as_str(), published.read().as_str()), ("old", "new"));
}
