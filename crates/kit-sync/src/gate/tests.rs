use std::task::{Context, Poll, Waker};

use super::*;

#[tokio::test]
async fn a_gate_without_a_latch_is_closed_and_opens_with_the_last_one() {
    let gate = Gate::new();
    assert!(!gate.is_open());
    let (first, second) = (gate.latch("first"), gate.latch("second"));
    let (opened, ()) = tokio::join!(gate.opened(), async {
        second.open();
        assert!(!gate.is_open());
        first.open();
    });
    assert_eq!(opened, Ok(()));
}

#[tokio::test]
async fn clones_are_the_same_gate() {
    let gate = Gate::new();
    let clone = gate.clone();
    clone.latch("only").open();
    assert!(gate.is_open());
    assert_eq!(gate.opened().await, clone.opened().await);
}

#[test]
fn parts_that_are_waited_for_are_listed_oldest_first() {
    let gate = Gate::new();
    let (zebra, ant, bee) = (gate.latch("zebra"), gate.latch("ant"), gate.latch("bee"));
    assert_eq!(gate.waiting_for(), ["zebra", "ant", "bee"]);
    ant.open();
    assert_eq!(gate.waiting_for(), ["zebra", "bee"]);
    zebra.open();
    bee.open();
    assert!(gate.waiting_for().is_empty());
}

#[test]
fn two_latches_for_the_same_thing_are_two() {
    let gate = Gate::new();
    let (one, other) = (gate.latch("pool"), gate.latch("pool"));
    one.open();
    assert_eq!(gate.waiting_for(), ["pool"]);
    assert!(!gate.is_open());
    other.open();
    assert!(gate.is_open());
}

#[tokio::test]
async fn a_latch_dropped_unopened_fails_the_gate_by_name() {
    let gate = Gate::new();
    let kept = gate.latch("kept");
    drop(gate.latch("lost"));
    let failed = gate.opened().await.unwrap_err();
    assert_eq!(failed, Abandoned { what: "lost" });
    assert_eq!(
        failed.to_string(),
        "`lost` was given up before it was ready"
    );
    kept.open();
    assert!(!gate.is_open(), "a failed gate stays failed");
}

#[tokio::test]
async fn a_failed_gate_names_the_first_that_was_given_up_whatever_follows() {
    let gate = Gate::new();
    let second = gate.latch("second");
    drop(gate.latch("first"));
    drop(second);
    gate.latch("late").open();
    assert_eq!(gate.opened().await, Err(Abandoned { what: "first" }));
}

#[tokio::test]
async fn a_waiter_is_given_the_latch_that_was_given_up() {
    let gate = Gate::new();
    let latch = gate.latch("lost");
    let (opened, ()) = tokio::join!(gate.opened(), async { drop(latch) });
    assert_eq!(opened, Err(Abandoned { what: "lost" }));
}

#[tokio::test]
async fn a_task_that_panics_does_not_count_as_ready() {
    let gate = Gate::new();
    let latch = gate.latch("worker");
    let mut group = crate::Group::<()>::new();
    group.spawn(async move {
        let _ready_later = latch;
        panic!("no luck")
    });
    assert_eq!(gate.opened().await, Err(Abandoned { what: "worker" }));
    let waited = crate::TaskTree::new("test")
        .scope()
        .spawn("wait", async move {
            let _ = group.wait().await;
        });
    assert!(waited.await.is_err(), "the panic goes on in its owner");
}

#[tokio::test]
async fn a_late_latch_is_born_released_and_dropping_it_is_no_failure() {
    let gate = Gate::new();
    gate.latch("only").open();
    drop(gate.latch("late"));
    gate.latch("later").open();
    assert_eq!(gate.opened().await, Ok(()));
    assert!(gate.waiting_for().is_empty());
}

#[test]
fn waiting_may_be_given_up_and_taken_up_again() {
    let gate = Gate::new();
    let latch = gate.latch("only");
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = || std::pin::pin!(gate.opened()).poll(&mut context);
    assert_eq!(poll(), Poll::Pending);
    latch.open();
    assert_eq!(poll(), Poll::Ready(Ok(())));
    assert_eq!(poll(), Poll::Ready(Ok(())), "it stays open");
}

#[tokio::test]
async fn a_failing_task_finds_out_whether_it_held_the_latch() {
    let tree = crate::TaskTree::new("test");
    let gate = Gate::new();
    let (asked, seen) = std::sync::mpsc::channel();
    let observed = gate.clone();
    tree.scope().observe_failures(move |task| {
        let _ = asked.send((task.path(), observed.is_given_up_here()));
    });
    let spawn = |name: &'static str, latch: Option<Latch>| {
        tree.scope().spawn(name, async move {
            tokio::task::yield_now().await;
            let _held = latch;
            Err::<(), crate::BoxError>("no luck".into())
        })
    };
    spawn("before", None).await.unwrap_err();
    spawn("holder", Some(gate.latch("cache")))
        .await
        .unwrap_err();
    spawn("after", None).await.unwrap_err();
    assert!(!gate.is_given_up_here(), "that was a task");
    let seen: Vec<_> = seen.try_iter().collect();
    let expected = [("before", false), ("holder", true), ("after", false)];
    assert_eq!(
        seen,
        expected.map(|(name, is)| (format!("test/{name}"), is))
    );
}

#[test]
fn outside_of_tasks_the_thread_counts() {
    let gate = Gate::new();
    assert!(!gate.is_given_up_here());
    drop(gate.latch("pool"));
    assert!(gate.is_given_up_here());
    let elsewhere = gate.clone();
    let other = std::thread::scope(|scope| {
        let asked = scope.spawn(|| elsewhere.is_given_up_here());
        asked.join().unwrap()
    });
    assert!(!other);
}
