//! How tasks share threads with each other and with tasks outside of the group.

use std::cell::Cell;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use kit_sync::Group;
use tokio::sync::{mpsc, oneshot};
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

/// Occupies one of two threads until `enough` is set, so that all else runs on the other.
async fn occupy_a_thread(enough: &Arc<AtomicBool>) -> JoinSet<()> {
    let (occupied, is_occupied) = oneshot::channel();
    let enough = Arc::clone(enough);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        occupied.send(()).unwrap();
        spin_until(&enough);
    });
    is_occupied.await.unwrap();
    tasks
}

fn spin_until(enough: &AtomicBool) {
    while !enough.load(Ordering::SeqCst) {
        hint::spin_loop();
    }
}

/// A task that sets `starts`, and blocks its thread until `enough` is set.
fn blocks(
    starts: &Arc<AtomicBool>,
    enough: &Arc<AtomicBool>,
) -> impl Future<Output = Result<(), &'static str>> + 'static {
    let (starts, enough) = (Arc::clone(starts), Arc::clone(enough));
    async move {
        starts.store(true, Ordering::SeqCst);
        spin_until(&enough);
        Ok(())
    }
}

/// A task that sets `ran`.
fn runs(ran: &Arc<AtomicBool>) -> impl Future<Output = Result<(), &'static str>> + 'static {
    let ran = Arc::clone(ran);
    async move {
        ran.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// The runner wakes the spawner, a task of its thread, and goes on with a task that blocks until the
/// spawner has got the place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spawner_in_line_gets_a_free_place_while_the_next_task_blocks() {
    let (starts, ran) = (Arc::default(), Arc::default());
    let mut tasks = occupy_a_thread(&starts).await;
    tasks.spawn(async move {
        let mut group = Group::bounded(2);
        assert!(group.try_spawn(async { Ok(()) }).is_ok());
        assert!(group.try_spawn(blocks(&starts, &ran)).is_ok());
        group.spawn(runs(&ran)).await;
        assert_eq!(group.wait().await, Ok(()));
    });
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// As above, of a task that waits for the token. The place of the task that failed is held back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_sees_the_first_error_while_the_next_task_blocks() {
    let (starts, seen) = (Arc::default(), Arc::<AtomicBool>::default());
    let mut tasks = occupy_a_thread(&starts).await;
    let mut group = Group::bounded(8);
    let (token, sees) = (group.token().clone(), Arc::clone(&seen));
    tasks.spawn(async move {
        token.cancelled().await;
        sees.store(true, Ordering::SeqCst);
    });
    // After the task above, on the same thread.
    tasks.spawn(async move {
        assert!(group.try_spawn(async { Err("the first") }).is_ok());
        assert!(group.try_spawn(blocks(&starts, &seen)).is_ok());
        assert!(group.try_spawn(runs(&Arc::default())).is_ok());
        assert_eq!(group.wait().await, Err("the first"));
    });
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// The only thread is blocked while a place is held back.
#[tokio::test]
async fn a_new_spawn_gets_a_place_that_is_held_back_while_the_next_task_blocks() {
    let mut group = Group::<&str>::bounded(4);
    let (starts, started) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel();
    assert!(group.try_spawn(async { Ok(()) }).is_ok());
    let blocks = async move {
        starts.send(()).unwrap();
        goes_on.recv().unwrap()
    };
    assert!(group.try_spawn(blocks).is_ok());
    for _ in 0..2 {
        assert!(group.try_spawn(async { Ok(()) }).is_ok());
    }
    assert!(group.try_spawn(async { Ok(()) }).is_err(), "it is full");
    let handle = group.handle();
    let mut spawner = JoinSet::new();
    spawner.spawn_blocking(move || {
        started.recv().unwrap();
        let spawned = handle.try_spawn(async { Ok(()) });
        go_on.send(spawned.map_err(|_| "no place is free")).unwrap();
    });
    assert_eq!(group.wait().await, Ok(()));
    spawner.join_next().await.unwrap().unwrap();
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
