//! Errors and panics.

use std::panic::panic_any;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use kit_sync::{Cause, Group};

use crate::payload_of;

#[tokio::test]
async fn the_first_error_cancels_the_token_and_queued_tasks_still_run() {
    let mut group = Group::bounded(3);
    let seen = Arc::new(Mutex::new(Vec::new()));
    for number in 0..3 {
        let (token, seen) = (group.token().clone(), Arc::clone(&seen));
        let task = async move {
            seen.lock().unwrap().push(token.is_cancelled());
            Err(number)
        };
        group.spawn(task).await;
    }
    assert_eq!(group.wait().await, Err(0));
    assert_eq!(*seen.lock().unwrap(), [false, true, true]);
    let Some(Cause::Failed { location, .. }) = group.token().cause() else {
        panic!("a task failed");
    };
    assert!(location.contains(file!()), "{location}");
}

#[tokio::test]
async fn a_panic_ends_its_task_only() {
    let mut group = Group::<&str>::bounded(1);
    group.spawn(async { panic_any(42_u8) }).await;
    for _ in 0..3 {
        group.spawn(async { Err("an error") }).await;
    }
    let payload = payload_of(group.wait()).await;
    assert_eq!(payload.downcast_ref(), Some(&42_u8));
    let Some(Cause::Panicked { location, .. }) = group.token().cause() else {
        panic!("a task panicked");
    };
    assert!(location.contains(file!()), "{location}");
    assert_eq!(group.wait().await, Ok(()), "a wait takes it");
    group.spawn(async { Err("later") }).await;
    assert_eq!(group.wait().await, Err("later"));
}

#[tokio::test]
async fn a_panic_while_a_task_is_dropped_is_a_panic_of_the_task() {
    struct Panics;
    impl Future for Panics {
        type Output = Result<(), &'static str>;
        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Err("an error"))
        }
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic_any(43_u8);
        }
    }
    let mut group = Group::bounded(1);
    group.spawn(Panics).await;
    let payload = payload_of(group.wait()).await;
    assert_eq!(payload.downcast_ref(), Some(&43_u8));
}
