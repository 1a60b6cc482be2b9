//! The behaviour of `Group`, through the public door.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_sync::{Cause, Group};
use tokio::sync::oneshot;

#[tokio::test]
async fn an_empty_group_is_done() {
    assert_eq!(Group::<()>::new().wait().await, Ok(()));
}

#[tokio::test]
async fn wait_waits_for_all_and_gives_the_first_error() {
    let mut group = Group::new();
    let ended = Arc::new(AtomicUsize::new(0));
    let stop = group.token().clone();
    let counted = Arc::clone(&ended);
    group.spawn(async move {
        stop.cancelled().await;
        counted.fetch_add(1, Ordering::Relaxed);
        Err("second")
    });
    group.spawn(async { Err("first") });
    assert_eq!(group.wait().await, Err("first"));
    assert_eq!(ended.load(Ordering::Relaxed), 1);
    assert!(
        matches!(group.token().cause(), Some(Cause::Failed { location, .. }) if location.contains("group.rs"))
    );
}

#[tokio::test]
async fn a_panic_cancels_the_others_wins_over_errors_and_goes_on_in_wait() {
    let mut group = Group::new();
    let stop = group.token().clone();
    group.spawn(async { Err("an error") });
    group.spawn(async move {
        stop.cancelled().await;
        std::panic::panic_any(42_u8)
    });
    let waited = futures_catch(group.wait()).await;
    assert_eq!(waited.unwrap_err().downcast_ref::<u8>(), Some(&42));
}

#[tokio::test]
async fn wait_is_cancel_safe() {
    let mut group = Group::<&str>::new();
    let (end, wait) = oneshot::channel::<()>();
    group.spawn(async move { wait.await.map_err(|_| "lost") });
    tokio::select! {
        biased;
        _ = group.wait() => panic!("the task has not ended"),
        () = async {} => {}
    }
    end.send(()).unwrap();
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn tasks_spawn_into_their_own_group_until_the_owner_is_gone() {
    let mut group = Group::<&str>::new();
    let handle = group.handle();
    let inner = handle.clone();
    group.spawn(async move {
        inner
            .spawn(async { Err("from inside") })
            .map_err(|_| "refused")
    });
    assert_eq!(group.wait().await, Err("from inside"));
    drop(group);
    let refused = handle
        .spawn(async { Ok(()) })
        .expect_err("the owner is gone");
    assert_eq!(refused.await, Ok(()), "the future comes back unpolled");
}

#[tokio::test]
async fn dropping_the_group_tells_its_token_and_aborts() {
    let group = Group::<()>::new();
    let token = group.token().clone();
    let (held, freed) = oneshot::channel::<()>();
    group.spawn(async move {
        let _held = held;
        std::future::pending().await
    });
    drop(group);
    assert_eq!(token.cause(), Some(Cause::Dropped));
    assert!(
        freed.await.is_err(),
        "the aborted task's future was dropped"
    );
}

async fn futures_catch<F: Future>(future: F) -> Result<F::Output, Box<dyn std::any::Any + Send>> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => std::task::Poll::Ready(Err(payload)),
        }
    })
    .await
}
