//! Workers that begin anew together.

mod periodic;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::{AppBuilder, BoxError, WorkerGroup, WorkerState};
use kit_transport::Context;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::fakes::{Fake, Record, app, assert_nothing_alive};
use crate::workers::{End, refused, restarts, runs};

/// Workers `a`, `b` and `c`, which fail when the test says so.
struct Trio {
    record: Record,
    fail: Arc<Mutex<BTreeMap<&'static str, mpsc::UnboundedSender<()>>>>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Trio {
    fn new() -> Trio {
        Trio {
            record: Record::default(),
            fail: Arc::default(),
        }
    }

    /// A run says when it begins and ends, and takes `ending` to end after it was cancelled.
    fn worker(
        &self,
        name: &'static str,
        ending: Duration,
    ) -> impl FnMut(Context) -> std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>
    + Send
    + 'static {
        let (record, fail) = (self.record.clone(), Arc::clone(&self.fail));
        move |ctx| {
            let (sender, mut failing) = mpsc::unbounded_channel();
            fail.lock().unwrap().insert(name, sender);
            record.add(format!("{name} begins"));
            let record = record.clone();
            Box::pin(async move {
                tokio::select! {
                    Some(()) = failing.recv() => {
                        record.add(format!("{name} fails"));
                        return Err("no route".into());
                    }
                    () = ctx.scope().cancelled() => {}
                }
                sleep(ending).await;
                record.add(format!("{name} ends"));
                Ok(())
            })
        }
    }

    fn fill(&self, group: WorkerGroup, ending: Duration) -> WorkerGroup {
        let add = |group: WorkerGroup, name| group.worker(name, self.worker(name, ending));
        NAMES.into_iter().fold(group, add)
    }

    fn fail(&self, name: &str) {
        self.fail.lock().unwrap()[name].send(()).unwrap();
    }

    async fn until(&self, lines: usize) -> Vec<String> {
        self.record.until(|all| all.len() >= lines).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_restarts_all_or_the_rest_in_order_after_they_have_ended() {
    let one_for_all = WorkerGroup::one_for_all("ingest", restarts(5));
    let rest_for_one = WorkerGroup::rest_for_one("ingest", restarts(5));
    let cases: [(WorkerGroup, &str, &[&str], &[&str]); 3] = [
        (one_for_all, "b", &["a", "c"], &["a", "b", "c"]),
        (rest_for_one, "b", &["c"], &["b", "c"]),
        (
            WorkerGroup::rest_for_one("ingest", restarts(5)),
            "c",
            &[],
            &["c"],
        ),
    ];
    for (group, fails, ended, begun) in cases {
        let trio = Trio::new();
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let app = builder
            .worker_group(trio.fill(group, Duration::from_secs(2)))
            .server(Fake::new("http"))
            .build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            handle.started().await.unwrap();
            assert_eq!(trio.record.all(), ["a begins", "b begins", "c begins"]);
            let failed_at = Instant::now();
            trio.fail(fails);
            let lines = trio.until(4 + ended.len() + begun.len()).await;
            let expect = |names: &[&str], what: &str| -> Vec<String> {
                names.iter().map(|name| format!("{name} {what}")).collect()
            };
            assert_eq!(lines[3], format!("{fails} fails"));
            assert_eq!(lines[4..4 + ended.len()], expect(ended, "ends"));
            assert_eq!(lines[4 + ended.len()..], expect(begun, "begins"));
            // The siblings' 2 s come before the delay of 1 s.
            let wait = if ended.is_empty() { 1 } else { 3 };
            assert_eq!(failed_at.elapsed().as_secs(), wait);
            let workers = &handle.components()[0].workers;
            for worker in workers {
                let name = worker.path.rsplit('/').next().unwrap();
                let anew = u64::from(begun.contains(&name));
                assert_eq!(worker.path, format!("app/ingest/{name}"));
                assert_eq!(worker.state, WorkerState::Running);
                assert_eq!(
                    (worker.restarts, worker.failures),
                    (anew, u64::from(name == fails))
                );
            }
            handle.stop("done");
        });
        report.unwrap();
        let siblings: Vec<_> = begun
            .iter()
            .filter(|name| **name != fails)
            .map(|name| format!("app/ingest/{name}"))
            .collect();
        let with = match &siblings[..] {
            [] => String::new(),
            siblings => format!(", with {}", siblings.join(", ")),
        };
        let line = format!("app/ingest/{fails} failed: no route: it begins anew in 1.0s{with}");
        assert!(record.has(&line), "{line}: {:#?}", record.all());
        // One component, which is drained after the servers.
        record.assert_order(&["http stopped", "ingest stopping", "app/ingest/a ended"]);
        assert_nothing_alive();
    }
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_does_not_end_in_its_limit_is_aborted_and_named() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let trio = Trio::new();
    let group = WorkerGroup::one_for_all("ingest", restarts(5))
        .worker("a", trio.worker("a", Duration::ZERO))
        .worker("b", trio.worker("b", Duration::from_secs(3600)));
    let app = builder.worker_group(group).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        let failed_at = Instant::now();
        trio.fail("a");
        let lines = trio.until(5).await;
        assert_eq!(lines[2..], ["a fails", "a begins", "b begins"]);
        // 5 s for the sibling, 1 s of delay.
        assert_eq!(failed_at.elapsed().as_secs(), 6);
        handle.stop("done");
    });
    let error = report.unwrap_err();
    assert!(
        error.to_string().contains("app/ingest/b/run/work"),
        "{error}"
    );
    let remarks = &error.report().remarks;
    let named = |line: &String| line.starts_with("app/ingest/b: 1 task (app/ingest/b/run/work");
    assert!(remarks.iter().any(named), "{remarks:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_of_a_group_count_together_and_too_many_stop_the_app() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let trio = Trio::new();
    let group = trio.fill(
        WorkerGroup::rest_for_one("ingest", restarts(2)),
        Duration::ZERO,
    );
    let app = builder.worker_group(group).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        let mut lines = 3;
        for (name, more) in [("c", 2), ("b", 4)] {
            trio.fail(name);
            lines += more;
            trio.until(lines).await;
        }
        trio.fail("a");
        // Its siblings go on until the drain.
        handle
            .stages()
            .wait_for(|stage| *stage != kit_app::Stage::Running)
            .await
            .unwrap();
        assert!(
            !trio.record.all()[lines + 1..]
                .iter()
                .any(|line| line.ends_with("ends"))
        );
    });
    let error = report.unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("worker app/ingest/a failed: gave up after 3 failures"),
        "{message}"
    );
    let states: Vec<_> = error.report().components[0]
        .workers
        .iter()
        .map(|worker| worker.state)
        .collect();
    let ended = WorkerState::Ended;
    assert_eq!(states, [WorkerState::Failed, ended, ended]);
}

#[tokio::test(start_paused = true)]
async fn siblings_that_fail_because_they_are_ended_do_not_count() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let trio = Trio::new();
    let group = WorkerGroup::one_for_all("ingest", restarts(1))
        .worker("a", trio.worker("a", Duration::ZERO))
        .worker("b", runs([End::CancelledErr, End::Cancelled]));
    let app = builder.worker_group(group).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        trio.fail("a");
        trio.until(3).await;
        sleep(Duration::from_secs(1)).await;
        assert!(handle.is_ready());
        handle.stop("done");
    });
    report.unwrap();
    let remark = "remark: app/ingest/b failed while it was ended to begin anew: no route";
    assert!(record.has(remark), "{:#?}", record.all());
}

/// All fail in the same second, before any of them is cancelled. With a limit of 1, the second failure is
/// that of the group.
#[tokio::test(start_paused = true)]
async fn workers_that_fail_at_the_same_moment_have_a_failure_each() {
    for limit in [5, 1] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let add = |group: WorkerGroup, name| {
            let mut has_failed = false;
            group.worker(name, move |ctx| {
                let fails = !std::mem::replace(&mut has_failed, true);
                async move {
                    if fails {
                        sleep(Duration::from_secs(1)).await;
                        return Err("no route".into());
                    }
                    End::Cancelled.run(ctx).await
                }
            })
        };
        let group = WorkerGroup::one_for_all("ingest", restarts(limit));
        let group = ["a", "b"].into_iter().fold(group, add);
        let app = builder.worker_group(group).build();
        let handle = app.handle();
        let (result, ()) = tokio::join!(app.run(), async {
            handle.started().await.unwrap();
            sleep(Duration::from_secs(10)).await;
            handle.stop("done");
        });
        let failures = result.as_ref().err().map(ToString::to_string);
        let report = match &result {
            Ok(report) => report,
            Err(error) => error.report(),
        };
        let workers = &report.components[0].workers;
        let numbers: Vec<_> = workers
            .iter()
            .map(|worker| (worker.failures, worker.restarts, worker.state))
            .collect();
        if limit == 5 {
            assert_eq!(failures, None);
            assert_eq!(numbers, [(1, 1, WorkerState::Ended); 2]);
        } else {
            let message = failures.unwrap();
            let expected = "worker app/ingest/b failed: gave up after 2 failures";
            assert!(message.starts_with(expected), "{message}");
            let states = [WorkerState::Ended, WorkerState::Failed];
            assert_eq!(numbers, states.map(|state| (1, 0, state)));
        }
        assert_nothing_alive();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_siblings_are_ended_begins_nothing_anew() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let trio = Trio::new();
    let group = trio.fill(
        WorkerGroup::one_for_all("ingest", restarts(2)),
        Duration::from_secs(2),
    );
    let app = builder.worker_group(group).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        trio.fail("a");
        let _ = timeout(Duration::from_secs(1), std::future::pending::<()>()).await;
        handle.stop("done");
    });
    report.unwrap();
    assert_eq!(
        trio.record.all()[3..],
        ["a fails", "b ends", "c ends"],
        "{:#?}",
        record.all()
    );
    assert_nothing_alive();
}

#[tokio::test]
async fn a_run_that_cannot_be_ended_is_not_followed_by_a_second_one() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let calls = record.clone();
    let limit = Duration::from_millis(20);
    let group = WorkerGroup::one_for_all("ingest", restarts(5).delays(limit, limit))
        .restart_limit(limit)
        .worker("a", move |ctx| {
            calls.add("called");
            let blocked = Arc::clone(&blocked);
            ctx.scope().spawn_blocking("disk", move |_token| {
                let _ = blocked.lock().unwrap().recv();
            });
            async { Err("no route".into()) }
        });
    let app = builder
        .worker_group(group)
        .stop_timeout(Duration::from_secs(2))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle
            .stages()
            .wait_for(|stage| *stage >= kit_app::Stage::LameDuck)
            .await
            .unwrap();
        drop(release);
    });
    let message = report.unwrap_err().to_string();
    let expected = "worker app/ingest/a failed: its last run could not be ended: ";
    assert!(
        message.starts_with(expected) && message.contains("/run/disk"),
        "{message}"
    );
    assert_eq!(
        record.all().iter().filter(|line| *line == "called").count(),
        1
    );
}

#[tokio::test]
async fn a_group_that_is_empty_or_has_a_name_twice_is_refused() {
    let group = || WorkerGroup::rest_for_one("ingest", restarts(1));
    let twice = || {
        group()
            .worker("a", runs([End::Cancelled]))
            .worker("a", runs([End::Cancelled]))
    };
    let with = |group| move |app: AppBuilder| app.worker_group(group);
    let empty = "ingest cannot be started: option `WorkerGroup::worker` is empty: it has to be given \
                 at least once";
    refused(with(group()), empty).await;
    let same = "ingest cannot be started: there are two workers of the group named `a`: give one of \
                them another name";
    refused(with(twice()), same).await;
    let none = WorkerGroup::one_for_all("ingest", restarts(0)).worker("a", runs([End::Cancelled]));
    refused(
        with(none),
        "ingest cannot be started: option `Restarts::limit` is 0",
    )
    .await;
}
