//! Work that is done again and again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::{Every, Policy, WorkerOptions, WorkerState};
use tokio::time::{Instant, sleep};

use crate::fakes::{Record, app};
use crate::workers::{refused, restarts};

const PERIOD: Duration = Duration::from_secs(10);

/// When work began, in seconds from the start.
#[derive(Clone)]
struct Times(Arc<Mutex<Vec<u64>>>, Instant);

impl Times {
    fn new() -> Times {
        Times(Arc::default(), Instant::now())
    }

    fn add(&self) -> usize {
        let mut times = self.0.lock().unwrap();
        times.push(self.1.elapsed().as_secs());
        times.len()
    }

    fn all(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }
}

/// The times at which work began that takes this long, in a minute.
async fn times_of(every: Every, takes: &'static [u64]) -> Vec<u64> {
    let (builder, _signals) = app(&Record::default());
    let times = Times::new();
    let work = times.clone();
    let app = builder
        .every("sweep", every, move |_| {
            let nth = work.add() - 1;
            let takes = takes.get(nth).copied().unwrap_or_default();
            async move {
                sleep(Duration::from_secs(takes)).await;
                Ok(())
            }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_secs(59)).await;
        handle.stop("done");
    });
    report.unwrap();
    times.all()
}

#[tokio::test(start_paused = true)]
async fn work_is_done_at_once_or_after_a_period_without_overlap_and_missed_times_are_skipped() {
    let every = Every::new(PERIOD);
    assert_eq!(times_of(every, &[]).await, [0, 10, 20, 30, 40, 50]);
    let later = every.after_one_period();
    assert_eq!(times_of(later, &[]).await, [10, 20, 30, 40, 50]);
    // 25 s miss two times, 10 s one.
    assert_eq!(times_of(every, &[25, 10]).await, [0, 30, 50]);
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_each_time_and_does_not_add_up() {
    let every = Every::new(PERIOD).jitter(Duration::from_secs(5));
    let times = times_of(every, &[]).await;
    assert_eq!(times.len(), 6, "{times:?}");
    for (time, least) in times.iter().zip((0..).step_by(10)) {
        assert!((least..=least + 5).contains(time), "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_time_is_judged_by_the_policy() {
    for policy in [Policy::Stop, Policy::Ignore, Policy::Restart(restarts(2))] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let times = Times::new();
        let work = times.clone();
        let options = WorkerOptions::new().policy(policy);
        let app = builder
            .every_with("sweep", PERIOD, options, move |_| {
                let nth = work.add();
                async move {
                    assert!(nth != 2, "bad luck");
                    Ok(())
                }
            })
            .build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            let _ = handle.started().await;
            sleep(Duration::from_secs(35)).await;
            let state = handle.components()[0].workers[0].state;
            if policy != Policy::Stop {
                assert_eq!(state, WorkerState::Running, "{policy:?}");
            }
            handle.stop("done");
        });
        let (expected, failed) = match policy {
            Policy::Stop => (&[0, 10][..], 1),
            // Its next time comes.
            Policy::Ignore => (&[0, 10, 20, 30][..], 0),
            // Again after the delay of 1 s, and then at its times.
            _ => (&[0, 10, 11, 20, 30][..], 0),
        };
        assert_eq!(times.all(), expected, "{policy:?}");
        let failures = report.map_or_else(|error| error.report().failures.len(), |_| 0);
        assert_eq!(failures, failed, "{policy:?}: {:#?}", record.all());
        let lines = record.all().into_iter();
        let failed = lines.filter(|line| line.starts_with("app/sweep failed: panicked: bad luck"));
        assert_eq!(failed.count(), 1, "one line");
    }
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_periodic_work_is_counted_and_the_last_one_is_shown() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let options = WorkerOptions::new().policy(Policy::Ignore);
    let mut run = 0;
    let app = builder
        .every_with("sweep", Duration::from_millis(100), options, move |_| {
            run += 1;
            let why = format!("no route {run}");
            async move { Err(why.into()) }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_millis(5_950)).await;
        let worker = handle.components()[0].workers[0].clone();
        assert_eq!(worker.failures, 60);
        assert_eq!(worker.last_failure.as_deref(), Some("no route 60"));
        assert_eq!(worker.state, WorkerState::Running);
        handle.stop("done");
    });
    assert_eq!(report.unwrap().components[0].workers[0].failures, 60);
    let lines = record.all().into_iter();
    let failed = lines.filter(|line| line.starts_with("app/sweep failed"));
    assert_eq!(failed.count(), 1, "one event");
}

/// Every second run fails: each failure is followed by a success. They are an hour apart.
#[tokio::test(start_paused = true)]
async fn the_delay_after_a_failure_is_the_first_again_once_a_time_has_succeeded() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let hour = Duration::from_secs(3600);
    let options = WorkerOptions::new().policy(Policy::Restart(restarts(2)));
    let mut run = 0;
    let app = builder
        .every_with("sweep", hour, options, move |_| {
            run += 1;
            let fails = run % 2 == 1;
            async move {
                if fails {
                    Err("no route".into())
                } else {
                    Ok(())
                }
            }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(hour * 9 / 2).await;
        handle.stop("done");
    });
    report.unwrap();
    let lines = record.all();
    let failed: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("failed"))
        .collect();
    let expected = ["app/sweep failed: no route: it begins anew in 1.0s"; 5];
    assert_eq!(failed, expected);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_fails_again_and_again_has_ever_fewer_lines() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let options = WorkerOptions::new().policy(Policy::Ignore);
    let second = Duration::from_secs(1);
    let app = builder
        .every_with("sweep", second, options, |_| async {
            Err("no route".into())
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(second * 100).await;
        handle.stop("done");
    });
    report.unwrap();
    let lines: Vec<_> = record
        .all()
        .into_iter()
        .filter_map(|line| {
            Some(
                line.strip_prefix("app/sweep failed: no route: ")?
                    .to_owned(),
            )
        })
        .collect();
    let expected = [
        "",
        " (11 times in 10s)",
        " (31 times in 30s)",
        " (71 times in 70s)",
    ];
    let expected = expected.map(|count| format!("its next time comes{count}"));
    assert_eq!(lines, expected);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_one_time_end_before_the_next() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let lines = Record::default();
    let work = lines.clone();
    let app = builder
        .every("sweep", PERIOD, move |ctx| {
            let work = work.clone();
            async move {
                work.add("begins");
                let scope = ctx.scope().clone();
                ctx.scope().spawn("helper", async move {
                    scope.cancelled().await;
                    work.add("helper ended");
                });
                Ok(())
            }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_secs(15)).await;
        handle.stop("done");
    });
    report.unwrap();
    assert_eq!(
        lines.all(),
        ["begins", "helper ended", "begins", "helper ended"]
    );
}

#[tokio::test(start_paused = true)]
async fn no_time_comes_once_a_stop_was_asked_for() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let times = Times::new();
    let work = times.clone();
    let app = builder
        .drain_delay(Duration::from_secs(5))
        .every("tick", Duration::from_secs(1), move |_| {
            work.add();
            async { Ok(()) }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_millis(2500)).await;
        handle.stop("done");
    });
    assert_eq!(report.unwrap().took, Duration::from_secs(5));
    assert_eq!(times.all(), [0, 1, 2]);
}

#[tokio::test]
async fn a_period_or_a_jitter_that_is_of_no_use_is_refused() {
    let sweep = |every: Every| {
        move |app: kit_app::AppBuilder| app.every("sweep", every, |_| async { Ok(()) })
    };
    for (every, expected) in [
        (
            Every::new(Duration::ZERO),
            "sweep cannot be started: option `Every::period` is 0s: it has to be longer than \
             0s and at most 365d",
        ),
        (
            Every::new(PERIOD).jitter(PERIOD),
            "sweep cannot be started: option `Every::jitter` is 10s: it has to be shorter than \
             `period`",
        ),
    ] {
        refused(sweep(every), expected).await;
    }
}
