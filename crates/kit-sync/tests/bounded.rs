//! The behaviour of `BoundedGroup`, through the public door.

use std::cell::Cell;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use kit_sync::bounded::{HandleSpawn, Rejected, Spawn};
use kit_sync::{BoundedGroup, BoundedHandle, Cause, Group};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A task that ends when it is told, and the telling.
fn task_and_end() -> (
    impl Future<Output = Result<(), &'static str>>,
    oneshot::Sender<()>,
) {
    let (end, ended) = oneshot::channel();
    (async move { ended.await.map_err(|_| "not told") }, end)
}

/// Lets every task run that can: on a runtime of one thread, when none of them yields for long.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

// === places ===

#[tokio::test]
async fn spawn_waits_for_a_place() {
    let mut group = Group::bounded(1);
    assert_eq!(group.limit(), 1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    {
        let mut second = group.spawn(async { Ok(()) });
        assert!(poll_once(&mut second).is_pending());
        end.send(()).unwrap();
        second.await;
    }
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn try_spawn_gives_the_future_back_unpolled_when_no_place_is_free() {
    let group = Group::<u8>::bounded(1);
    assert!(group.try_spawn(std::future::pending()).is_ok());
    let Err(refused) = group.try_spawn(async { Err(7) }) else {
        panic!("the place is taken");
    };
    assert_eq!(refused.await, Err(7));
    let Err(refused) = group.handle().try_spawn(async { Err(8) }) else {
        panic!("the place is taken");
    };
    assert_eq!(refused.await, Err(8));
}

#[tokio::test]
async fn the_future_is_dropped_before_its_place_is_free() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let mut group = Group::<&str>::bounded(1);
    let dropped = Arc::new(AtomicUsize::new(0));
    for before in 0..1000 {
        let held = Dropped(Arc::clone(&dropped));
        let task = async move {
            let _held = held;
            Ok(())
        };
        group.spawn(task).await;
        assert!(dropped.load(Ordering::SeqCst) >= before);
    }
    assert_eq!(group.wait().await, Ok(()));
    assert_eq!(dropped.load(Ordering::SeqCst), 1000, "before wait returns");
}

#[tokio::test]
async fn waiters_are_served_first_come_first_served() {
    let mut group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let (started, mut starts) = mpsc::unbounded_channel();
    let mut waiters = JoinSet::new();
    for number in 0..100 {
        let (handle, started) = (group.handle(), started.clone());
        waiters.spawn(async move {
            let task = async move { started.send(number).map_err(|_| "nobody listens") };
            handle.spawn(task).await.map_err(drop)
        });
    }
    settle().await;
    end.send(()).unwrap();
    while let Some(spawned) = waiters.join_next().await {
        assert_eq!(spawned.unwrap(), Ok(()));
    }
    assert_eq!(group.wait().await, Ok(()));
    for number in 0..100 {
        assert_eq!(starts.recv().await, Some(number));
    }
}

#[tokio::test]
async fn a_dropped_spawn_loses_its_turn() {
    let mut group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let mut gives_up = group.spawn(async { Err("was given up") });
    assert!(poll_once(&mut gives_up).is_pending());
    let mut next = group.spawn(async { Ok(()) });
    assert!(poll_once(&mut next).is_pending());
    drop(gives_up);
    end.send(()).unwrap();
    next.await;
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_dropped_spawn_passes_on_the_place_that_it_was_granted() {
    let mut group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let mut gives_up = group.spawn(async { Err("was given up") });
    assert!(poll_once(&mut gives_up).is_pending());
    let mut next = group.spawn(async { Ok(()) });
    assert!(poll_once(&mut next).is_pending());
    end.send(()).unwrap();
    settle().await;
    assert!(poll_once(&mut next).is_pending(), "it is not the first");
    drop(gives_up);
    assert!(poll_once(&mut next).is_ready());
    drop(next);
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_granted_place_that_nobody_used_is_free_again() {
    let group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let mut gives_up = group.spawn(async { Ok(()) });
    assert!(poll_once(&mut gives_up).is_pending());
    end.send(()).unwrap();
    settle().await;
    assert!(group.try_spawn(async { Ok(()) }).is_err(), "it is granted");
    drop(gives_up);
    assert!(group.try_spawn(async { Ok(()) }).is_ok());
}

// === inside ===

#[tokio::test]
async fn a_task_that_holds_the_last_place_runs_nested_futures_itself() {
    let mut group = Group::<&str>::bounded(1);
    let handle = group.handle();
    let task = async move {
        let rejected = handle.spawn(async { Err("from inside") }).await;
        let Err(Rejected::WouldDeadlock(future)) = rejected else {
            return Err("there is no place");
        };
        future.await
    };
    group.spawn(task).await;
    assert_eq!(group.wait().await, Err("from inside"));
}

/// Counts the nodes of a tree, each by a task where there is a place, and else by its parent.
fn count(handle: BoundedHandle<&'static str>, depth: u32, nodes: Arc<AtomicUsize>) -> CountFuture {
    Box::pin(async move {
        nodes.fetch_add(1, Ordering::SeqCst);
        for _ in 0..if depth == 0 { 0 } else { 3 } {
            let child = count(handle.clone(), depth - 1, Arc::clone(&nodes));
            if let Err(rejected) = handle.spawn(child).await {
                assert!(matches!(rejected, Rejected::WouldDeadlock(_)));
                rejected.into_inner().await?;
            }
        }
        Ok(())
    })
}

type CountFuture = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nested_spawns_end_whatever_the_limit() {
    for limit in [1, 2, 3, 10] {
        let mut group = Group::bounded(limit);
        let nodes = Arc::new(AtomicUsize::new(0));
        let root = count(group.handle(), 6, Arc::clone(&nodes));
        group.spawn(root).await;
        assert_eq!(group.wait().await, Ok(()));
        assert_eq!(nodes.load(Ordering::SeqCst), (3_usize.pow(7) - 1) / 2);
    }
}

#[tokio::test]
async fn only_the_task_that_completes_the_circle_is_rejected() {
    let mut group = Group::<&str>::bounded(2);
    let (told, mut tells) = mpsc::unbounded_channel();
    let nested = |name: &'static str| {
        let (handle, told) = (group.handle(), told.clone());
        async move {
            let spawned = handle.spawn(async { Ok(()) }).await;
            let how = match spawned {
                Ok(()) => "got a place",
                Err(Rejected::WouldDeadlock(_)) => "was rejected",
                Err(_) => "was refused",
            };
            told.send((name, how)).map_err(|_| "nobody listens")
        }
    };
    group.spawn(nested("first")).await;
    group.spawn(nested("second")).await;
    assert_eq!(tells.recv().await, Some(("second", "was rejected")));
    assert_eq!(tells.recv().await, Some(("first", "got a place")));
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_task_that_gave_up_waiting_does_not_count_as_waiting() {
    let mut group = Group::<&str>::bounded(2);
    let (task, end) = task_and_end();
    let handle = group.handle();
    let gave_up = async move {
        let mut gives_up = handle.spawn(async { Ok(()) });
        assert!(poll_once(&mut gives_up).is_pending());
        drop(gives_up);
        task.await
    };
    let handle = group.handle();
    let waits = async move {
        let spawned = handle.spawn(async { Ok(()) }).await;
        spawned.map_err(|_| "rejected, although the other task will end")
    };
    let (holds, let_go) = task_and_end();
    group.spawn(holds).await;
    group.spawn(gave_up).await;
    settle().await;
    let_go.send(()).unwrap();
    group.spawn(waits).await;
    settle().await;
    end.send(()).unwrap();
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn waiting_outside_of_the_group_is_no_circle() {
    let mut group = Group::<&str>::bounded(1);
    let mut other = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let handle = group.handle();
    // A task, but of another group.
    let waits = async move {
        let spawned = handle.spawn(async { Ok(()) }).await;
        spawned.map_err(|_| "rejected")
    };
    other.spawn(waits).await;
    settle().await;
    end.send(()).unwrap();
    assert_eq!(other.wait().await, Ok(()));
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn the_owner_s_own_spawn_panics_where_a_handle_s_would_be_rejected() {
    let group = Arc::new(Group::<()>::bounded(1));
    let owner = Arc::clone(&group);
    let task = async move {
        owner.spawn(async { Ok(()) }).await;
        Ok(())
    };
    group.spawn(task).await;
    settle().await;
    let mut group = Arc::into_inner(group).expect("the task is gone");
    let payload = payload_of(group.wait()).await;
    let message = payload.downcast_ref::<String>().expect("a text");
    assert!(message.contains("bounded.rs"), "{message}");
    assert!(message.contains("through its handle"), "{message}");
}

// === errors and panics ===

async fn payload_of<F: Future>(wait: F) -> Box<dyn std::any::Any + Send> {
    let mut wait = pin!(wait);
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| wait.as_mut().poll(cx)))
            .map_or_else(Poll::Ready, |polled| polled.map(|_| panic!("no panic")))
    })
    .await
}

#[tokio::test]
async fn the_first_error_tells_the_token_and_what_is_queued_still_runs() {
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
    assert!(location.contains("bounded.rs"), "{location}");
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
    assert!(location.contains("bounded.rs"), "{location}");
    assert_eq!(group.wait().await, Ok(()), "it was told");
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

// === fairness ===

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_never_yields_does_not_keep_others_from_running() {
    for _ in 0..20 {
        let mut group = Group::bounded(8);
        let (enough, told) = (
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
            let (ran, told) = (ran.clone(), Arc::clone(&told));
            let task = async move {
                told.fetch_add(1, Ordering::SeqCst);
                ran.send(number).map_err(|_| "nobody listens")
            };
            group.spawn(task).await;
        }
        for _ in 0..100 {
            runs.recv().await.unwrap();
        }
        assert_eq!(told.load(Ordering::SeqCst), 100);
        enough.store(true, Ordering::SeqCst);
        assert_eq!(group.wait().await, Ok(()));
    }
}

/// What a thread wakes last, it runs itself, and no other thread can take it from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_spawns_and_never_yields_does_not_keep_the_spawned_from_running() {
    for _ in 0..20 {
        let mut group = Group::<&str>::bounded(4);
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

// === the end ===

#[tokio::test]
async fn wait_is_cancel_safe_and_waits_for_nested_tasks() {
    let mut group = Group::<&str>::bounded(2);
    let handle = group.handle();
    let (task, end) = task_and_end();
    let outer = async move {
        let spawned = handle.spawn(task).await;
        spawned.map_err(|_| "rejected")
    };
    group.spawn(outer).await;
    {
        let mut waits = Box::pin(group.wait());
        assert!(poll_once(&mut waits).is_pending());
        settle().await;
        assert!(poll_once(&mut waits).is_pending());
    }
    end.send(()).unwrap();
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn runners_are_not_more_than_the_limit_and_end_with_the_owner() {
    let before = alive();
    let mut group = Group::<&str>::bounded(3);
    for _ in 0..100 {
        let yields = async {
            yield_now().await;
            Ok(())
        };
        group.spawn(yields).await;
        assert!(alive() <= before + 3);
    }
    let handle = group.handle();
    assert_eq!(group.wait().await, Ok(()));
    assert!(alive() <= before + 3, "idle ones stay");
    drop(group);
    settle().await;
    assert_eq!(alive(), before, "whoever has a handle");
    assert!(handle.try_spawn(async { Ok(()) }).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_alive_after_the_owner_and_what_was_running_ends_at_its_next_await() {
    let before = alive();
    let group = Group::<()>::bounded(4);
    let (held, mut freed) = mpsc::channel::<()>(1);
    for _ in 0..4 {
        let held = held.clone();
        let task = async move {
            let _held = held;
            std::future::pending().await
        };
        group.spawn(task).await;
    }
    drop((group, held));
    assert_eq!(freed.recv().await, None, "every future was dropped");
    while alive() > before {
        yield_now().await;
    }
}

#[tokio::test]
async fn what_is_queued_is_dropped_with_the_owner() {
    let group = Group::<()>::bounded(2);
    let token = group.token().clone();
    let (held, freed) = oneshot::channel::<()>();
    let task = async move {
        let _held = held;
        Ok(())
    };
    assert!(group.try_spawn(task).is_ok());
    drop(group);
    assert_eq!(token.cause(), Some(Cause::Dropped));
    assert!(freed.await.is_err(), "unpolled");
}

#[tokio::test]
async fn handles_give_futures_back_when_the_owner_is_gone() {
    let group = Group::<u8>::bounded(1);
    group.spawn(std::future::pending()).await;
    let handle = group.handle();
    let mut waits = handle.spawn(async { Err(7) });
    assert!(poll_once(&mut waits).is_pending());
    drop(group);
    let Err(rejected) = waits.await else {
        panic!("the owner is gone");
    };
    assert!(matches!(rejected, Rejected::Ended(_)));
    assert_eq!(
        rejected.to_string(),
        "could not spawn into a bounded group whose owner is gone"
    );
    assert_eq!(rejected.into_inner().await, Err(7), "unpolled");
    let late = handle.clone().try_spawn(async { Err(8) }).unwrap_err();
    assert_eq!(late.await, Err(8));
}

#[test]
fn a_group_whose_runtime_is_gone_drops_its_tasks_and_waits_for_nothing() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let gone = runtime();
    let mut group = gone.block_on(async {
        let group = Group::<&str>::bounded(2);
        for _ in 0..2 {
            group.spawn(std::future::pending()).await;
        }
        group
    });
    drop(gone);
    runtime().block_on(async {
        assert_eq!(group.wait().await, Ok(()));
        group.spawn(std::future::pending()).await;
        assert_eq!(group.wait().await, Ok(()));
    });
}

#[test]
fn groups_handles_and_their_futures_go_to_any_thread() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    type Task = std::future::Ready<Result<(), Cell<u8>>>;
    is_send::<BoundedGroup<Cell<u8>>>();
    is_sync::<BoundedGroup<Cell<u8>>>();
    is_send::<BoundedHandle<Cell<u8>>>();
    is_sync::<BoundedHandle<Cell<u8>>>();
    is_send::<Spawn<'_, Cell<u8>, Task>>();
    is_send::<HandleSpawn<'_, Cell<u8>, Task>>();
}
