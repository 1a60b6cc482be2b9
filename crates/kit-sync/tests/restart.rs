//! `Restart`, through the public door. All time is tokio's paused clock.

use std::future::{Ready, ready};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::policy::{Backoff, Failure, GaveUp, Restart};
use kit_sync::{BoxError, Cause, CloseReport, Outcome, StopToken, TaskTree, error_chain};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Delays that are all the same.
fn every(delay: Duration) -> Backoff {
    Backoff::starting_at(delay).up_to(delay).without_jitter()
}

/// When each run began, in milliseconds from the first.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<Vec<Instant>>>);

impl Runs {
    /// Notes a run and gives its number, from 1.
    fn begin(&self) -> usize {
        let mut begun = self.0.lock().unwrap();
        begun.push(Instant::now());
        begun.len()
    }

    fn begun(&self) -> Vec<u128> {
        let begun = self.0.lock().unwrap();
        begun
            .iter()
            .map(|at| (*at - begun[0]).as_millis())
            .collect()
    }

    /// Work that fails at once in its first runs.
    fn failing(
        &self,
        times: usize,
    ) -> impl FnMut(StopToken) -> Ready<Result<(), BoxError>> + use<> {
        let runs = self.clone();
        move |_stop| {
            let run = runs.begin();
            ready(match run <= times {
                true => Err(format!("failure {run}").into()),
                false => Ok(()),
            })
        }
    }
}

/// An async block that ends in `panic!` needs an output type.
#[track_caller]
fn panics(message: &str) -> Result<(), BoxError> {
    panic!("{message}")
}

async fn close(tree: &TaskTree) -> CloseReport {
    tree.close(Instant::now() + HOUR).await
}

// === back-off ===

#[tokio::test(start_paused = true)]
async fn delays_double_up_to_the_longest() {
    let runs = Runs::default();
    Restart::at_most(9, HOUR)
        .backoff(
            Backoff::starting_at(ms(100))
                .up_to(ms(1000))
                .without_jitter(),
        )
        .run(&StopToken::new(), runs.failing(7))
        .await
        .unwrap();
    assert_eq!(runs.begun(), [0, 100, 300, 700, 1500, 2500, 3500, 4500]);
}

#[tokio::test(start_paused = true)]
async fn a_run_as_long_as_the_longest_delay_begins_the_delays_anew_and_a_shorter_one_does_not() {
    for (lasted, next) in [(999, 400), (1000, 100)] {
        let runs = Runs::default();
        let begin = runs.clone();
        Restart::at_most(9, HOUR)
            .backoff(
                Backoff::starting_at(ms(100))
                    .up_to(ms(1000))
                    .without_jitter(),
            )
            .run(&StopToken::new(), move |_| {
                let run = begin.begin();
                async move {
                    match run {
                        3 => sleep(ms(lasted)).await,
                        4 => return Ok(()),
                        _ => {}
                    }
                    Err("again".into())
                }
            })
            .await
            .unwrap();
        let last = u128::from(300 + lasted + next);
        assert_eq!(runs.begun(), [0, 100, 300, last]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_longest_delay_below_the_first_cuts_that_too() {
    let runs = Runs::default();
    Restart::at_most(9, HOUR)
        .backoff(Backoff::starting_at(ms(100)).up_to(ms(10)).without_jitter())
        .run(&StopToken::new(), runs.failing(3))
        .await
        .unwrap();
    assert_eq!(runs.begun(), [0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn jitter_takes_up_to_half_of_a_delay() {
    let delays = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&delays);
    Restart::at_most(1000, HOUR)
        .backoff(Backoff::starting_at(ms(1000)).up_to(ms(1000)))
        .on_restart(move |restart| seen.lock().unwrap().push(restart.delay))
        .run(&StopToken::new(), Runs::default().failing(1000))
        .await
        .unwrap();
    let delays = delays.lock().unwrap();
    assert_eq!(delays.len(), 1000);
    assert!(
        delays
            .iter()
            .all(|delay| (ms(500)..ms(1000)).contains(delay))
    );
    let among = |from, to| {
        delays
            .iter()
            .filter(|delay| (from..to).contains(*delay))
            .count()
    };
    // 100 are expected in each tenth; fewer than 50 would be five standard deviations away.
    assert!(
        (500..1000)
            .step_by(50)
            .all(|from| among(ms(from), ms(from + 50)) >= 50)
    );
}

#[tokio::test(start_paused = true)]
async fn restarts_without_a_delay_let_other_tasks_run() {
    let token = StopToken::new();
    let work = Restart::at_most(usize::MAX, ms(1))
        .backoff(every(Duration::ZERO))
        .run(&token, Runs::default().failing(usize::MAX));
    let (ended, ()) = tokio::join!(work, async {
        tokio::task::yield_now().await;
        token.cancel(Cause::Signal(15));
    });
    ended.unwrap();
}

// === n in t ===

#[tokio::test(start_paused = true)]
async fn one_failure_more_than_the_limit_within_the_period_is_too_many() {
    let runs = Runs::default();
    let error = Restart::at_most(2, ms(10_000))
        .backoff(every(ms(4000)))
        .run(&StopToken::new(), runs.failing(9))
        .await
        .unwrap_err();
    assert_eq!(runs.begun(), [0, 4000, 8000]);
    let gave_up = error.downcast_ref::<GaveUp>().unwrap();
    assert_eq!((gave_up.failures, gave_up.within), (3, ms(8000)));
    assert_eq!((gave_up.limit, gave_up.period), (2, ms(10_000)));
    assert_eq!(
        error_chain(&*error),
        "gave up after 3 failures in 8.0s (at most 2 in 10s are forgiven): failure 3"
    );
}

#[tokio::test(start_paused = true)]
async fn failures_further_apart_than_the_limit_in_the_period_never_are() {
    let runs = Runs::default();
    Restart::at_most(2, ms(10_000))
        .backoff(every(ms(5001)))
        .run(&StopToken::new(), runs.failing(100))
        .await
        .unwrap();
    assert_eq!(runs.begun().len(), 101);
}

#[tokio::test(start_paused = true)]
async fn the_period_slides() {
    // Two failures late in one period and one early in the next: fixed windows would forgive them.
    let runs = Runs::default();
    let begin = runs.clone();
    let error = Restart::at_most(2, ms(10_000))
        .backoff(every(ms(1)))
        .run(&StopToken::new(), move |_| {
            let run = begin.begin();
            async move {
                sleep(ms(if run == 2 { 9_000 } else { 1000 })).await;
                Err::<(), _>("again".into())
            }
        })
        .await
        .unwrap_err();
    // Failures at 1000, 10001, 11002 and 12003: the first is too old at the third.
    assert_eq!(runs.begun(), [0, 1001, 10_002, 11_003]);
    let gave_up = error.downcast_ref::<GaveUp>().unwrap();
    assert_eq!((gave_up.failures, gave_up.within), (3, ms(2002)));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_exactly_as_old_as_the_period_counts() {
    let runs = Runs::default();
    let restart = Restart::at_most(1, ms(10_000)).backoff(every(ms(10_000)));
    let ended = restart.run(&StopToken::new(), runs.failing(9)).await;
    assert!(ended.unwrap_err().is::<GaveUp>());
    assert_eq!(runs.begun(), [0, 10_000]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_never_restarts() {
    let runs = Runs::default();
    let ended = Restart::at_most(0, HOUR)
        .run(&StopToken::new(), runs.failing(9))
        .await;
    assert!(ended.unwrap_err().is::<GaveUp>());
    assert_eq!(runs.begun(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_serves_several_tasks_each_with_its_own_count() {
    let policy = Restart::at_most(1, HOUR);
    for _ in 0..2 {
        let work = Runs::default().failing(1);
        policy.clone().run(&StopToken::new(), work).await.unwrap();
    }
}

// === failures ===

#[tokio::test(start_paused = true)]
async fn the_last_failure_is_the_source_with_its_own_type() {
    let mut errors = [io::ErrorKind::NotFound, io::ErrorKind::TimedOut].into_iter();
    let error = Restart::at_most(1, HOUR)
        .run(&StopToken::new(), move |_| {
            let kind = errors.next().unwrap();
            async move { Err(io::Error::from(kind).into()) }
        })
        .await
        .unwrap_err();
    let source = error.source().unwrap().downcast_ref::<io::Error>();
    assert_eq!(source.unwrap().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_wherever_it_comes_from() {
    let restarts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&restarts);
    let mut run = 0;
    let error = Restart::at_most(2, HOUR)
        .on_restart(move |restart| {
            assert!(matches!(restart.failure, Failure::Panicked { .. }));
            seen.lock().unwrap().push(restart.attempt);
        })
        .run(&StopToken::new(), move |_| {
            run += 1;
            assert!(run != 1, "in the closure");
            async move {
                tokio::task::yield_now().await;
                panics(&format!("in run {run}"))
            }
        })
        .await
        .unwrap_err();
    assert_eq!(*restarts.lock().unwrap(), [1, 2]);
    let chain = error_chain(&*error);
    assert!(chain.contains("3 failures"), "{chain}");
    assert!(chain.ends_with("in run 3"), "{chain}");
    let source = error.source().unwrap().downcast_ref::<Failure>();
    assert!(matches!(source, Some(Failure::Panicked { message, .. }) if message == "in run 3"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_gone_before_on_restart_is_called() {
    struct Held(Arc<AtomicBool>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }
    let held = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&held);
    let mut run = 0;
    Restart::at_most(2, HOUR)
        .on_restart(move |_| assert!(!seen.load(Ordering::Relaxed)))
        .run(&StopToken::new(), move |_| {
            run += 1;
            held.store(true, Ordering::Relaxed);
            let held = Held(Arc::clone(&held));
            async move {
                let _held = held;
                match run {
                    1 => Err("an error".into()),
                    2 => panic!("a panic"),
                    _ => Ok(()),
                }
            }
        })
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn on_restart_is_given_the_number_the_delay_and_the_time_of_the_run() {
    let restarts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&restarts);
    let mut run = 0;
    Restart::at_most(2, HOUR)
        .backoff(Backoff::starting_at(ms(100)).without_jitter())
        .on_restart(move |restart| {
            let why = restart.failure.to_string();
            let line = (restart.attempt, restart.delay, restart.ran, why);
            seen.lock().unwrap().push(line);
        })
        .run(&StopToken::new(), move |_| {
            run += 1;
            async move {
                sleep(ms(run)).await;
                if run < 3 {
                    Err(format!("failure {run}").into())
                } else {
                    Ok(())
                }
            }
        })
        .await
        .unwrap();
    let expected = [
        (1, ms(100), ms(1), "failure 1".to_owned()),
        (2, ms(200), ms(2), "failure 2".to_owned()),
    ];
    assert_eq!(*restarts.lock().unwrap(), expected);
}

// === the token ===

#[tokio::test(start_paused = true)]
async fn a_delay_ends_at_once_when_cancelled_and_nothing_is_begun() {
    let tree = TaskTree::new("app");
    let runs = Runs::default();
    let (waiting, waits) = oneshot::channel();
    let waiting = Mutex::new(Some(waiting));
    let restart = Restart::at_most(9, HOUR)
        .backoff(every(HOUR))
        .on_restart(move |_| waiting.lock().unwrap().take().unwrap().send(()).unwrap());
    let work = restart.run(tree.scope().token(), runs.failing(9));
    tree.scope().spawn("work", work);
    waits.await.unwrap();
    let cancelled = Instant::now();
    let report = close(&tree).await;
    assert_eq!(cancelled.elapsed(), Duration::ZERO);
    assert_eq!(*report.tasks[0].outcome(), Outcome::Completed);
    assert_eq!(runs.begun(), [0]);
}

#[tokio::test(start_paused = true)]
async fn every_run_is_given_the_token_and_ends_the_task_when_it_ends_well() {
    let tree = TaskTree::new("app");
    let (running, runs) = oneshot::channel();
    let mut running = Some(running);
    let mut run = 0;
    let work = Restart::at_most(1, HOUR).run(tree.scope().token(), move |stop| {
        run += 1;
        let running = running.take_if(|_| run == 2);
        async move {
            let running = running.ok_or("the first run")?;
            running.send(()).unwrap();
            stop.cancelled().await;
            Ok(())
        }
    });
    tree.scope().spawn("work", work);
    runs.await.unwrap();
    assert_eq!(*close(&tree).await.tasks[0].outcome(), Outcome::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_error_after_the_cancel_is_returned_as_it_is() {
    let token = StopToken::new();
    let runs = Runs::default();
    let begin = runs.clone();
    let work = Restart::at_most(9, HOUR)
        .on_restart(|_| panic!("nothing is to be restarted"))
        .run(&token, move |stop| {
            begin.begin();
            async move {
                stop.cancelled().await;
                Err(io::Error::from(io::ErrorKind::BrokenPipe).into())
            }
        });
    let (ended, _) = tokio::join!(work, async { token.cancel(Cause::Signal(15)) });
    let error = ended.unwrap_err().downcast::<io::Error>().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(runs.begun(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_the_cancel_goes_on() {
    let tree = TaskTree::new("app");
    let work = Restart::at_most(9, HOUR).run(tree.scope().token(), |stop| async move {
        stop.cancelled().await;
        panics("while it stopped")
    });
    tree.scope().spawn("work", work);
    let report = close(&tree).await;
    let outcome = report.tasks[0].outcome();
    assert!(
        matches!(outcome, Outcome::Panicked { message, .. } if message == "while it stopped"),
        "{outcome}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_run_begins_although_the_token_was_cancelled() {
    let token = StopToken::new();
    token.cancel(Cause::Signal(15));
    let runs = Runs::default();
    let ended = Restart::at_most(9, HOUR).run(&token, runs.failing(1)).await;
    assert_eq!(ended.unwrap_err().to_string(), "failure 1");
    assert_eq!(runs.begun(), [0]);
}

#[tokio::test(start_paused = true)]
async fn work_that_ends_in_nothing_is_done_when_it_ends() {
    let runs = Runs::default();
    let begin = runs.clone();
    let work = move |_| {
        begin.begin();
        ready(())
    };
    Restart::at_most(9, HOUR)
        .run(&StopToken::new(), work)
        .await
        .unwrap();
    assert_eq!(runs.begun(), [0]);
}
