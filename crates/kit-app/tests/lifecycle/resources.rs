//! Resources: opened before the components, found by their type, closed after the components.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::{
    AppBuilder, AppHandle, BoxError, Cause, CheckOptions, Error, HookContext, Info,
    ResourceOptions, Signal, Stage,
};
use kit_transport::{Context, Probes};
use tokio::time::{Instant, sleep};

use crate::fakes::{Fake, Record, Starts, app, assert_nothing_alive, run_and_stop};

#[derive(Clone, Debug, PartialEq)]
struct Db(&'static str);

#[derive(Clone, Debug, PartialEq)]
struct Cache(Db);

fn with_db(builder: AppBuilder) -> AppBuilder {
    builder.resource(
        "db",
        async |_ctx| Ok(Db("db")),
        async |db| {
            assert_eq!(db, Db("db"));
            Ok(())
        },
    )
}

#[tokio::test(start_paused = true)]
async fn they_are_opened_in_order_before_components_and_closed_in_reverse_before_the_last_hooks() {
    let record = Record::default();
    let cache = async |ctx: Context| Ok(Cache(ctx.get()?));
    let app = with_db(app(&record).0)
        .resource("cache", cache, async |_cache| Ok(()))
        .server(Starts("http", |ctx: &Context| {
            assert_eq!(ctx.get::<Cache>(), Ok(Cache(Db("db"))));
            assert_eq!(ctx.get::<Info>().unwrap().name(), "app");
            assert!(ctx.get::<AppHandle>().is_ok());
        }))
        .server(Fake::new("http2"))
        .before_start("none yet", async |hook| {
            let missing = hook.get::<Db>().unwrap_err().to_string();
            let why = "the app has no `lifecycle::resources::Db`: resources are opened after the \
                       before_start hooks";
            assert_eq!(missing, why);
            Ok(())
        })
        .after_start("all", async |hook| Ok(hook.get::<Cache>().map(|_| ())?))
        .before_stop("still", async |hook| Ok(hook.get::<Db>().map(|_| ())?))
        .after_stop("gone", async |hook| {
            let missing = hook.get::<Db>().unwrap_err();
            assert!(!missing.present.concat().contains("db"), "{missing}");
            Ok(())
        });
    let report = run_and_stop(app.build()).await.unwrap();
    let order = "before_start none yet ended, db opening, db open, cache opening, cache open, \
                 http starting, http2 started, after_start all ended, ready, before_stop still ended, \
                 entered draining, http2 stopped, cache closing, cache closed, db closing, db closed, \
                 after_stop gone starts, after_stop gone ended, stopped 0";
    record.assert_order(&order.split(", ").collect::<Vec<_>>());
    let names: Vec<_> = report.resources.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(names, ["cache", "db"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_to_open_is_the_error_and_those_before_it_are_closed() {
    fn panics() -> Result<Cache, BoxError> {
        panic!("bad luck")
    }
    for (fails, says) in [
        (true, "resource cache could not be opened: no disk"),
        (
            false,
            "resource cache could not be opened: it panicked: bad luck",
        ),
    ] {
        let record = Record::default();
        let cache = async move |_| match fails {
            true => Err("no disk".into()),
            false => panics(),
        };
        let app = with_db(app(&record).0)
            .resource("cache", cache, async |_| Ok(()))
            .server(Fake::new("http"))
            .after_stop("sweep", async |_| Ok(()));
        let error = app.build().run().await.unwrap_err();
        assert!(error.to_string().starts_with(says), "{error}");
        assert_eq!(error.exit_code(), 1);
        record.assert_order(&["db open", "db closed", "after_stop sweep ended"]);
        assert!(!record.has("cache closing") && !record.has("http starting"));
        assert_nothing_alive();
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_missing_fails_the_start_with_the_names_of_those_there() {
    struct Needs;
    #[async_trait::async_trait]
    impl kit_transport::Server for Needs {
        fn name(&self) -> &str {
            "http"
        }
        async fn start(&self, ctx: &Context) -> Result<Vec<kit_transport::Listening>, BoxError> {
            ctx.get::<Cache>()?;
            Ok(Vec::new())
        }
    }
    let record = Record::default();
    let app = with_db(app(&record).0).server(Needs).build();
    let error = app.run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http could not start: the app has no `lifecycle::resources::Cache`: it has db \
         (`lifecycle::resources::Db`); a resource is there for what starts after it"
    );
    record.assert_order(&["http starting", "db closed"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_an_open_lets_it_end_and_closes_what_it_gives() {
    for gives in [true, false] {
        let record = Record::default();
        let open = async move |ctx: Context| {
            ctx.scope().cancelled().await;
            // The rest of a migration.
            sleep(Duration::from_secs(3)).await;
            match gives {
                true => Ok(Cache(ctx.get()?)),
                false => Err("cancelled".into()),
            }
        };
        let (builder, signals) = app(&record);
        let app = with_db(builder)
            .resource("cache", open, async |_| Ok(()))
            .resource("never", async |_| Ok(1_u8), async |_| Ok(()))
            .server(Fake::new("http"))
            .build();
        let (report, ()) = tokio::join!(app.run(), async {
            sleep(Duration::from_secs(1)).await;
            signals.send(Signal::TERM);
        });
        let report = report.unwrap();
        assert!(!record.has("never opening") && !record.has("http starting"));
        assert!(record.has("waiting for resource cache to open (2s)"));
        let remark = "remark: resource cache could not be opened: cancelled";
        if gives {
            record.assert_order(&["cache open", "cache closed", "db closed", "stopped 0"]);
            assert_eq!(report.remarks, [""; 0]);
        } else {
            record.assert_order(&[remark, "db closed", "stopped 0"]);
            assert!(!record.has("cache closing"));
        }
        assert_nothing_alive();
    }
}

/// A migration that goes on for `seconds` after the stop was asked for, with four resources open. Gives the
/// failures of the stop, which has 20 s.
async fn failures_of_a_migration(seconds: u64, record: &Record) -> Vec<String> {
    let migrate = async move |ctx: Context| {
        ctx.scope().cancelled().await;
        sleep(Duration::from_secs(seconds)).await;
        Ok(Db("migrated"))
    };
    let (builder, signals) = app(record);
    let app = builder
        .resource("one", async |_| Ok(1_u8), async |_| Ok(()))
        .resource("two", async |_| Ok(2_u16), async |_| Ok(()))
        .resource("three", async |_| Ok(3_u32), async |_| Ok(()))
        .resource("four", async |_| Ok(4_u64), async |_| Ok(()))
        .resource("db", migrate, async |_| Ok(()))
        .build();
    let (report, ()) = tokio::join!(app.run(), async {
        sleep(Duration::from_millis(100)).await;
        signals.send(Signal::TERM);
    });
    report.map_or_else(|error| error.report().failures.clone(), |_| Vec::new())
}

#[tokio::test(start_paused = true)]
async fn the_time_that_an_open_is_waited_for_goes_on_when_a_stop_begins() {
    let record = Record::default();
    let open = async move |_ctx: Context| {
        sleep(Duration::from_secs(13)).await;
        Ok(Db("late"))
    };
    let (builder, signals) = app(&record);
    let app = builder.resource("db", open, async |_| Ok(())).build();
    let (report, ()) = tokio::join!(app.run(), async {
        sleep(Duration::from_secs(5)).await;
        signals.send(Signal::TERM);
    });
    report.unwrap();
    let waits: Vec<_> = record.all();
    let waits: Vec<_> = waits
        .iter()
        .filter_map(|line| line.strip_prefix("waiting for resource db to open "))
        .collect();
    assert_eq!(waits, ["(2s)", "(12s)"]);
}

#[tokio::test(start_paused = true)]
async fn an_open_that_a_stop_interrupts_has_all_but_a_reserve_for_each_close() {
    // 20 s less one for the last hooks and one for each of five closes.
    let record = Record::default();
    assert_eq!(failures_of_a_migration(13, &record).await, [""; 0]);
    record.assert_order(&["db open", "db closed", "four closed", "one closed"]);
    let record = Record::default();
    let failures = failures_of_a_migration(15, &record).await;
    let dropped = "resource db was dropped: it was not open after 14.1s";
    assert_eq!(failures, [dropped]);
    record.assert_order(&["four closed", "one closed"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn an_open_has_a_limit_after_which_it_is_cancelled_and_the_stop_waits_for_it() {
    for (hangs, took) in [(false, 15 + 2), (true, 15 + 18)] {
        let record = Record::default();
        let open = async move |ctx: Context| {
            ctx.scope().cancelled().await;
            sleep(Duration::from_secs(2)).await;
            if hangs {
                pending::<()>().await;
            }
            Ok(Cache(Db("late")))
        };
        let app = app(&record).0.resource("cache", open, async |_| Ok(()));
        let begun = Instant::now();
        let error = app.build().run().await.unwrap_err();
        let first = &error.report().failures[0];
        assert_eq!(first, "resource cache was not open after 15.0s");
        assert!(matches!(error.error(), Error::OpenTimeout { .. }));
        assert_eq!(begun.elapsed().as_secs(), took);
        assert_eq!(record.has("cache closed"), !hangs);
        let dropped = "failed: resource cache was dropped: it was not open after 33.0s";
        assert_eq!(record.has(dropped), hangs, "{:#?}", record.all());
        assert_nothing_alive();
    }
    let record = Record::default();
    let options = ResourceOptions::new().open_timeout(Duration::from_secs(60));
    let slow = async |_| {
        sleep(Duration::from_secs(50)).await;
        Ok(1_u8)
    };
    let app = app(&record).0;
    let app = app.resource_with("slow", options, slow, async |_| Ok(()));
    run_and_stop(app.build()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_that_fails_panics_or_hangs_is_named_and_keeps_no_other_from_closing() {
    let record = Record::default();
    let options = ResourceOptions::new().close_timeout(Duration::from_secs(1));
    let app = with_db(app(&record).0)
        .resource("fails", async |_| Ok(1_u8), async |_| Err("no disk".into()))
        .resource("panics", async |_| Ok(1_u16), async |_| panic!("bad luck"))
        .resource("hangs", async |_| Ok(1_u32), hangs::<u32>)
        .resource_with("short", options, async |_| Ok(1_u64), hangs::<u64>)
        .after_stop("sweep", async |_| Ok(()));
    let error = run_and_stop(app.build()).await.unwrap_err();
    let failures = &error.report().failures;
    assert_eq!(
        failures[0],
        "resource short was dropped: it was not closed after 1.0s"
    );
    // Of the 19 s that are left for four, one had a second: an equal share is 4.5 s.
    assert_eq!(
        failures[1],
        "resource hangs was dropped: it was not closed after 4.5s"
    );
    let panics = "resource panics could not be closed: it panicked: bad luck";
    assert!(failures[2].starts_with(panics), "{failures:#?}");
    assert_eq!(failures[3], "resource fails could not be closed: no disk");
    assert_eq!(failures.len(), 4);
    assert!(record.has("waiting for resource hangs to close (2s)"));
    record.assert_order(&["fails closed", "db closed", "after_stop sweep ended"]);
    let resources = error.report().resources.iter();
    let failed = resources.filter(|resource| resource.error.is_some());
    assert_eq!(failed.count(), 4);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_them_is_refused_before_the_start() {
    let none = async |_| Ok(());
    let short = ResourceOptions::new().close_timeout(Duration::ZERO);
    let long = ResourceOptions::new().open_timeout(Duration::MAX);
    type Add = Box<dyn FnOnce(AppBuilder) -> AppBuilder>;
    let wrong: [(Add, &str); 7] = [
        (
            Box::new(move |app| app.resource("other", async |_| Ok(Db("other")), none)),
            "the resource `db` and the resource `other` both give a `lifecycle::resources::Db`, and a \
             value is found by its type: wrap that of `other` in another type",
        ),
        (
            Box::new(move |app| {
                app.resource(
                    "me",
                    async |ctx: Context| Ok(ctx.get::<Info>()?),
                    none_of_info,
                )
            }),
            "the app and the resource `me` both give a `kit_app::info::Info`, and a value is found by \
             its type: wrap that of `me` in another type",
        ),
        (
            Box::new(|app| {
                let probes = async |ctx: Context| Ok(ctx.get::<Probes>()?);
                app.resource("probes", probes, async |_| Ok(()))
            }),
            "the app and the resource `probes` both give a `kit_transport::probes::Probes`, and a value \
             is found by its type: wrap that of `probes` in another type",
        ),
        (
            Box::new(|app| app.resource("db", async |_| Ok(1_u8), async |_| Ok(()))),
            "there are two resources named `db`: give one of them another name",
        ),
        (
            Box::new(|app| app.server(Fake::new("db"))),
            "there are a component and a resource named `db`: give one of them another name",
        ),
        (
            Box::new(move |app| {
                app.resource_with("x", short, async |_| Ok(1_u8), async |_| Ok(()))
            }),
            "option `ResourceOptions::close_timeout` is 0s for the resource `x`: it has to be longer than 0s and at \
             most 1d",
        ),
        (
            Box::new(move |app| app.resource_with("x", long, async |_| Ok(1_u8), async |_| Ok(()))),
            "option `ResourceOptions::open_timeout` is 213503982334601d 7h 15s 999ms 999us 999ns for the resource `x`: it has to be \
             longer than 0s and at most 1d",
        ),
    ];
    for (add, says) in wrong {
        let record = Record::default();
        let app = add(with_db(app(&record).0)).build();
        let error = app.run().await.unwrap_err();
        assert_eq!(error.to_string(), says);
        assert!(!record.has("db opening"));
    }
}

/// The check has the resource's name and its value, and looks at it only while that is open.
#[tokio::test(start_paused = true)]
async fn a_check_of_the_resource_has_its_name_and_its_value() {
    let record = Record::default();
    let is_gone = Arc::new(AtomicBool::new(false));
    let (runs, gone) = (record.clone(), Arc::clone(&is_gone));
    let often = CheckOptions::new()
        .period(Duration::from_secs(1))
        .failure_threshold(1);
    let options = ResourceOptions::new()
        .close_timeout(Duration::from_secs(1))
        .check(often, move |db: Db| {
            let is_gone = gone.load(Ordering::SeqCst);
            runs.add(format!("asked {}", db.0));
            async move {
                if is_gone {
                    Err("no answer".into())
                } else {
                    Ok(())
                }
            }
        });
    let app = app(&record)
        .0
        .resource_with(
            "orders db",
            options,
            async |_| Ok(Db("db")),
            async |_| Ok(()),
        )
        .server(Fake::new("http"))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(handle.is_ready());
        is_gone.store(true, Ordering::SeqCst);
        sleep(Duration::from_millis(1500)).await;
        assert!(!handle.is_ready());
        let checks = handle.checks();
        assert_eq!((checks.len(), &*checks[0].name), (1, "orders db"));
        assert_eq!(checks[0].reason.as_deref(), Some("no answer"));
        assert!(checks[0].required);
        handle.stop("done");
    });
    report.unwrap();
    record.assert_order(&[
        "orders db open",
        "http started",
        "asked db",
        "check orders db passes",
        "ready",
        "check orders db fails: no answer",
        "stop asked",
        "orders db closing",
    ]);
    let asked = record.all();
    let last = asked.iter().rposition(|line| line == "asked db").unwrap();
    assert!(last < record.position("stop asked"), "{asked:#?}");
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_check_of_the_resource_that_fails_at_first_leaves_the_app_started_and_not_ready() {
    let record = Record::default();
    let options = |options| ResourceOptions::new().check(options, async |_: Db| Err("gone".into()));
    for (check, is_ready) in [
        (CheckOptions::new(), false),
        (CheckOptions::new().informational(), true),
    ] {
        let open = async |_| Ok(Db("db"));
        let app = app(&record).0;
        let app = app.resource_with("db", options(check), open, async |_| Ok(()));
        let app = app.build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            handle.started().await.unwrap();
            assert_eq!(handle.is_ready(), is_ready);
            handle.stop("done");
        });
        report.unwrap();
        assert_nothing_alive();
    }
}

async fn hangs<T>(_: T) -> Result<(), BoxError> {
    pending().await
}

async fn none_of_info(_: Info) -> Result<(), BoxError> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_forced_stop_leaves_a_close_350_ms_and_the_last_hooks_the_rest() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .resource("db", async |_| Ok(Db("db")), async |_| pending().await)
        .server(Fake {
            drain: Duration::MAX,
            ..Fake::new("http")
        })
        .after_stop("sweep", async |_| {
            sleep(Duration::from_millis(100)).await;
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (ended, second) = tokio::join!(async { (app.run().await, Instant::now()) }, async {
        handle.started().await.unwrap();
        signals.send(Signal::INT);
        sleep(Duration::from_secs(1)).await;
        signals.send(Signal::INT);
        Instant::now()
    });
    let error = ended.0.unwrap_err();
    assert_eq!(error.exit_code(), 130);
    let took = (ended.1 - second).as_millis();
    assert!((449..=500).contains(&took), "{took} ms");
    record.assert_order(&[
        "http stopped",
        "db closed",
        "after_stop sweep ended",
        "stopped 130",
    ]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn its_tasks_live_until_it_was_closed_and_one_that_does_not_end_is_named() {
    let record = Record::default();
    let carries = Arc::new(AtomicBool::new(true));
    let (carrying, seen) = (Arc::clone(&carries), Arc::clone(&carries));
    let open = async move |ctx: Context| {
        let (stop, carrying) = (ctx.scope().token().clone(), carrying);
        ctx.scope().spawn("connection", async move {
            stop.cancelled().await;
            let cause = Some(Cause::Requested("done".to_owned()));
            carrying.store(stop.cause() != cause, Ordering::Release);
        });
        ctx.scope().spawn("stubborn", pending::<()>());
        Ok(Db("db"))
    };
    let close = async move |_| {
        sleep(Duration::from_secs(1)).await;
        assert!(seen.load(Ordering::Acquire), "the connection goes last");
        Ok(())
    };
    let app = app(&record).0.resource("db", open, close);
    let error = run_and_stop(app.build()).await.unwrap_err();
    assert!(!carries.load(Ordering::Acquire), "it ends, and knows why");
    let says = "db: 1 task (app/db/stubborn";
    assert!(error.to_string().starts_with(says), "{error}");
    let report = error.report().to_string();
    assert!(
        report.contains("\n  db: cut task app/db/stubborn"),
        "{report}"
    );
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn it_sees_the_life_of_the_app_and_can_hold_readiness_back() {
    let record = Record::default();
    let seen: Arc<Mutex<Vec<(Stage, bool)>>> = Arc::default();
    let recorded = Arc::clone(&seen);
    let open = async move |ctx: Context| {
        let (mut life, latch) = (ctx.lifecycle(), ctx.latch("the cache"));
        let stop = ctx.scope().token().clone();
        ctx.scope().spawn("warm", async move {
            sleep(Duration::from_secs(3)).await;
            latch.open();
            loop {
                let now = life.borrow_and_update().clone();
                let now = (now.stage, now.deadline.is_some());
                recorded.lock().unwrap().push(now);
                if stop.run_until_cancelled(life.changed()).await.is_none() {
                    return;
                }
            }
        });
        Ok(Db("db"))
    };
    let app = app(&record)
        .0
        .resource("db", open, async |_| Ok(()))
        .before_stop("a look", async |_| {
            sleep(Duration::from_secs(1)).await;
            Ok(())
        });
    run_and_stop(app.build()).await.unwrap();
    assert!(record.has("waiting for the latches of the cache (2s)"));
    let seen = seen.lock().unwrap().clone();
    let running = seen
        .iter()
        .position(|seen| *seen == (Stage::Running, false));
    let lame = seen
        .iter()
        .position(|seen| *seen == (Stage::LameDuck, true));
    assert!(running.is_some() && running < lame, "{seen:?}");
}

/// A task that writes to the database a while after it was asked to end.
fn writes_late(hook: &HookContext, record: &Record, what: &'static str) -> Result<(), BoxError> {
    let _db: Db = hook.get()?;
    let (scope, record) = (hook.scope().clone(), record.clone());
    hook.scope().spawn("write", async move {
        scope.cancelled().await;
        sleep(Duration::from_secs(1)).await;
        record.add(what);
    });
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn tasks_of_earlier_hooks_end_before_it_closes() {
    let record = Record::default();
    let (start, stop) = (record.clone(), record.clone());
    let app = with_db(app(&record).0)
        .server(Fake::new("http"))
        .after_start("follow", async move |hook| {
            writes_late(&hook, &start, "after_start has written")
        })
        .before_stop("tell", async move |hook| {
            writes_late(&hook, &stop, "before_stop has written")
        })
        .after_stop("sweep", async |hook| {
            assert!(!hook.scope().is_cancelled());
            Ok(())
        });
    let report = run_and_stop(app.build()).await.unwrap();
    assert!(report.took < Duration::from_secs(3), "{report}");
    for written in ["after_start has written", "before_stop has written"] {
        record.assert_order(&[
            "http stopped",
            written,
            "db closing",
            "after_stop sweep ended",
        ]);
    }
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_hook_that_does_not_end_leaves_it_its_time() {
    let record = Record::default();
    let stop = record.clone();
    let app = with_db(app(&record).0)
        .server(Fake::new("http"))
        .after_start("follow", async |hook| {
            hook.scope().spawn("hangs", pending::<()>());
            Ok(())
        })
        .before_stop("tell", async move |hook| {
            writes_late(&hook, &stop, "before_stop has written")
        })
        .after_stop("sweep", async |_| Ok(()));
    let error = run_and_stop(app.build()).await.unwrap_err();
    let line = error.to_string();
    assert!(
        line.starts_with("hooks: 1 task (") && line.contains("hangs"),
        "{line}"
    );
    let report = error.report();
    assert_eq!(report.failures.len(), 1, "{report}");
    assert!(report.took <= Duration::from_secs(20), "{report}");
    assert!(record.has("before_stop has written"));
    record.assert_order(&["http stopped", "db closed", "after_stop sweep ended"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_hook_that_does_not_end_leaves_a_forced_stop_its_time() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = with_db(builder)
        .after_start("follow", async |hook| {
            hook.scope().spawn("hangs", pending::<()>());
            Ok(())
        })
        .after_stop("sweep", async |_| {
            sleep(Duration::from_millis(100)).await;
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (error, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        signals.send(2);
        sleep(Duration::from_secs(1)).await;
        signals.send(2);
    });
    let error = error.unwrap_err();
    let report = error.report();
    assert!(report.took <= Duration::from_millis(1_500), "{report}");
    record.assert_order(&["forced", "db closed", "after_stop sweep ended"]);
    assert_nothing_alive();
}

/// Opens nothing, after it has spawned a task that says goodbye for a second, and one that never ends.
fn leaves_tasks(ctx: &Context, said: Arc<AtomicBool>, deaf: bool) -> Result<Cache, BoxError> {
    let token = ctx.scope().token().clone();
    ctx.scope().spawn("connection", async move {
        token.cancelled().await;
        sleep(Duration::from_secs(1)).await;
        said.store(true, Ordering::Release);
    });
    if deaf {
        ctx.scope().spawn("deaf", pending::<()>());
    }
    Err("no disk".into())
}

#[tokio::test(start_paused = true)]
async fn tasks_of_one_that_fails_to_open_have_its_share_of_the_stop() {
    for deaf in [false, true] {
        let said = Arc::new(AtomicBool::new(false));
        let saying = Arc::clone(&said);
        let open = async move |ctx: Context| leaves_tasks(&ctx, saying, deaf);
        let record = Record::default();
        let app = with_db(app(&record).0).resource("cache", open, async |_| Ok(()));
        let begun = Instant::now();
        let error = app.build().run().await.unwrap_err();
        assert!(said.load(Ordering::Acquire), "it has its goodbye");
        // Half of the 19 s that two resources have, or the goodbye.
        assert_eq!(begun.elapsed().as_secs(), if deaf { 9 } else { 1 });
        assert!(!record.has("cache closing"));
        record.assert_order(&["db closed", "stopped 1"]);
        let report = error.report();
        let failed = "resource cache could not be opened: no disk";
        assert_eq!(report.failures[0], failed);
        let [cache, db] = &report.resources[..] else {
            panic!("{report}")
        };
        assert_eq!((&*cache.name, &*db.name), ("cache", "db"));
        assert_eq!(
            (cache.opened_in, &*cache.error.clone().unwrap()),
            (None, failed)
        );
        assert!(db.opened_in.is_some() && db.error.is_none());
        let text = report.to_string();
        let row = "\n  cache      resources  -         ";
        assert!(
            text.contains(row) && text.contains("  not opened"),
            "{text}"
        );
        assert_eq!(
            text.contains("\n  cache: cut task app/cache/deaf"),
            deaf,
            "{text}"
        );
        if deaf {
            let cut = &report.failures[1];
            assert!(cut.starts_with("cache: 1 task (app/cache/deaf"), "{cut}");
            assert!(record.has("waiting for resource cache to close (2s)"));
        }
        assert_nothing_alive();
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_of_one_whose_open_a_stop_has_overtaken_have_its_share_too() {
    let said = Arc::new(AtomicBool::new(false));
    let saying = Arc::clone(&said);
    let open = async move |ctx: Context| {
        ctx.scope().cancelled().await;
        leaves_tasks(&ctx, saying, true)
    };
    let (builder, signals) = app(&Record::default());
    let app = builder.resource("cache", open, async |_| Ok(()));
    let (ended, ()) = tokio::join!(app.build().run(), async {
        sleep(Duration::from_secs(1)).await;
        signals.send(Signal::TERM);
    });
    let error = ended.unwrap_err();
    assert!(said.load(Ordering::Acquire), "it has its goodbye");
    let report = error.report();
    assert_eq!(report.resources.len(), 1, "{report}");
    assert_eq!(report.resources[0].opened_in, None);
    let remark = "resource cache could not be opened: no disk";
    assert_eq!(report.remarks, [remark]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_forced_stop_leaves_its_tasks_no_more_than_its_close() {
    for opens in [true, false] {
        let open = async move |ctx: Context| {
            ctx.scope().spawn("deaf", pending::<()>());
            match opens {
                true => Ok(Db("db")),
                false => Err("no disk".into()),
            }
        };
        let (builder, signals) = app(&Record::default());
        let app = builder.resource("db", open, async |_| Ok(())).build();
        let run = async { (app.run().await, Instant::now()) };
        let ((ended, at), forced) = tokio::join!(run, async {
            sleep(Duration::from_secs(1)).await;
            signals.send(Signal::INT);
            sleep(Duration::from_secs(1)).await;
            signals.send(Signal::QUIT);
            Instant::now()
        });
        let report = ended.unwrap_err().report().clone();
        let took = (at - forced).as_millis();
        assert!((349..=500).contains(&took), "{took} ms: {report}");
        assert_eq!(report.exit_code, 131);
        let cut = "\n  db: cut task app/db/deaf";
        assert!(report.to_string().contains(cut), "{report}");
        assert_nothing_alive();
    }
}
