//! Periodic work of a group, which has its times.

use std::time::Duration;

use kit_app::WorkerGroup;
use kit_sync::Ending;
use tokio::time::{Instant, sleep};

use crate::fakes::{Record, app};
use crate::workers::{End, restarts, runs};

/// The lines of a group of `a`, which fails at these seconds, and of `tick`, which works every 10 s and
/// whose runs end so. The delay is 1 s at first, then 2 s.
async fn lines_with_tick<const N: usize>(fails: &'static [u64], ends: [End; N]) -> Record {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let (lines, begun) = (Record::default(), Instant::now());
    let (a, tick) = (lines.clone(), lines.clone());
    let mut run_tick = runs(ends);
    let group = WorkerGroup::one_for_all("ingest", restarts(5))
        .worker("a", move |ctx| {
            let now = begun.elapsed();
            a.add(format!("a begins at {}", now.as_secs()));
            let fails = fails.iter().map(|at| Duration::from_secs(*at));
            let next = fails.filter(|at| *at > now).min();
            async move {
                match next {
                    Some(at) => sleep(at - now).await,
                    None => return End::Cancelled.run(ctx).await,
                }
                Err("no route".into())
            }
        })
        .every("tick", Duration::from_secs(10), move |ctx| {
            tick.add(format!("tick at {}", begun.elapsed().as_secs()));
            ctx.scope()
                .spawn_as("left", Ending::MayBeDropped, std::future::pending::<()>());
            run_tick(ctx)
        });
    let app = builder.worker_group(group).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_secs(35)).await;
        handle.stop("done");
    });
    for worker in &report.unwrap().components[0].workers {
        let (path, restarts, failures) = (&worker.path, worker.restarts, worker.failures);
        lines.add(format!("{path}: {restarts} restarts, {failures} failures"));
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn periodic_work_of_a_group_keeps_its_times_when_a_sibling_fails() {
    let idle = lines_with_tick(&[12], [End::Ok]).await;
    let expected = [
        "a begins at 0",
        "tick at 0",
        "tick at 10",
        "a begins at 13",
        "tick at 20",
        "tick at 30",
        "app/ingest/a: 1 restarts, 1 failures",
        "app/ingest/tick: 0 restarts, 0 failures",
    ];
    assert_eq!(idle.all(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_comes_while_siblings_are_gone_waits_for_them() {
    // The second delay is from 19 to 21 s.
    let late = lines_with_tick(&[12, 19], [End::Ok]).await;
    let expected = [
        "a begins at 0",
        "tick at 0",
        "tick at 10",
        "a begins at 13",
        "a begins at 21",
        "tick at 21",
        "tick at 30",
        "app/ingest/a: 2 restarts, 2 failures",
        "app/ingest/tick: 0 restarts, 0 failures",
    ];
    assert_eq!(late.all(), expected);
}

#[tokio::test(start_paused = true)]
async fn periodic_work_that_is_ended_with_a_sibling_goes_on_at_its_next_time() {
    let ended = lines_with_tick(&[12], [End::Ok, End::Cancelled, End::Ok]).await;
    let expected = [
        "a begins at 0",
        "tick at 0",
        "tick at 10",
        "a begins at 13",
        "tick at 20",
        "tick at 30",
        "app/ingest/a: 1 restarts, 1 failures",
        "app/ingest/tick: 0 restarts, 0 failures",
    ];
    assert_eq!(ended.all(), expected);
}

#[tokio::test(start_paused = true)]
async fn periodic_work_that_fails_begins_anew_after_the_delay_with_its_siblings() {
    let failed = lines_with_tick(&[], [End::Ok, End::Err, End::Ok]).await;
    let expected = [
        "a begins at 0",
        "tick at 0",
        "tick at 10",
        "a begins at 11",
        "tick at 11",
        "tick at 20",
        "tick at 30",
        "app/ingest/a: 1 restarts, 0 failures",
        "app/ingest/tick: 1 restarts, 1 failures",
    ];
    assert_eq!(failed.all(), expected);
}

#[tokio::test(start_paused = true)]
async fn periodic_work_that_succeeds_does_not_shorten_the_delays_of_its_sibling() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let group = WorkerGroup::one_for_all("ingest", restarts(3))
        .worker("a", |_| async {
            sleep(Duration::from_millis(350)).await;
            Err("no route".into())
        })
        .every("tick", Duration::from_millis(100), |_| async { Ok(()) });
    let app = builder.worker_group(group).build();
    app.run().await.unwrap_err();
    let lines = record.all();
    let delays: Vec<_> = lines
        .iter()
        .filter_map(|line| line.split_once("begins anew in ")?.1.split('s').next())
        .collect();
    assert_eq!(delays, ["1.0", "2.0", "4.0"]);
}
