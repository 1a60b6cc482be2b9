//! How tasks share threads with each other and with tasks outside of the group.

use std::cell::Cell;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use kit_sync::Group;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, yield_now};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_never_yields_does_not_keep_others_from_running() {
    for _ in 0..20 {
        let mut group = Group::bounded(8);
        let (enough, started) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let stops = Arc::clone(&enough);
        let never_yields = async move {
            while !stops.load(Ordering::SeqCst) {
                hint::spin_loop();
            }
            Ok(())
        };
        group.spawn(never_yields).await;
        let (ran, mut runs) = mpsc::unbounded_channel();
        for number in 0..100 {
            let (ran, started) = (ran.clone(), Arc::clone(&started));
            let task = async move {
                started.fetch_add(1, Ordering::SeqCst);
                ran.send(number).map_err(|_| "the test has ended")
            };
            group.spawn(task).await;
        }
        for _ in 0..100 {
            runs.recv().await.unwrap();
        }
        assert_eq!(started.load(Ordering::SeqCst), 100);
        enough.store(true, Ordering::SeqCst);
        assert_eq!(group.wait().await, Ok(()));
    }
}

/// A thread runs the task that it woke last itself: no other thread can take it from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_spawns_and_never_yields_does_not_keep_its_spawns_from_running() {
    for limit in [2, 3, 4, 5, 6].into_iter().cycle().take(20) {
        let mut group = Group::<&str>::bounded(limit);
        let handle = group.handle();
        let task = async move {
            let ran = Arc::new(AtomicUsize::new(0));
            for spawned in 1..10 {
                let runs = Arc::clone(&ran);
                let task = async move {
                    runs.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                };
                let _ = handle.spawn(task).await;
                while ran.load(Ordering::SeqCst) < spawned {
                    hint::spin_loop();
                }
            }
            Ok(())
        };
        group.spawn(task).await;
        assert_eq!(group.wait().await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_yield_ten_thousand_times_all_end() {
    let mut group = Group::<&str>::bounded(4);
    for _ in 0..12 {
        let yields = async {
            for _ in 0..10_000 {
                yield_now().await;
            }
            Ok(())
        };
        group.spawn(yields).await;
    }
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_runner_yields_to_tasks_that_are_not_its_own() {
    thread_local!(static TURNS: Cell<usize> = const { Cell::new(0) });
    let mut group = Group::<&str>::bounded(10_000);
    for _ in 0..10_000 {
        group.spawn(async { Ok(()) }).await;
    }
    let mut others = JoinSet::new();
    others.spawn(async {
        let mut turn = std::future::poll_fn(|cx| {
            TURNS.set(TURNS.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        (&mut turn).await;
    });
    assert_eq!(group.wait().await, Ok(()));
    assert!(TURNS.get() >= 10_000 / 128, "{} turns", TURNS.get());
}
