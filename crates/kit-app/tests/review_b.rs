//! review
#![allow(missing_docs)]
use async_trait::async_trait;
use kit_app::*;
use kit_registry::{Registrar, ServiceInstance};
use kit_transport::{Context, Listening, Server};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const S: Duration = Duration::from_secs(1);
type Log = Arc<Mutex<Vec<String>>>;

type Start = Box<dyn Fn(&Context) -> Result<(), BoxError> + Send + Sync>;
struct F {
    name: &'static str,
    phase: Phase,
    start: Start,
    delay: Duration,
    stop: Duration,
    log: Log,
}
impl F {
    fn new(
        name: &'static str,
        start: impl Fn(&Context) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> F {
        F {
            name,
            phase: Phase::SERVERS,
            start: Box::new(start),
            delay: Duration::ZERO,
            stop: Duration::ZERO,
            log: Log::default(),
        }
    }
    fn serve(name: &'static str) -> F {
        F::new(name, |ctx| {
            let t = ctx.scope().clone();
            drop(
                ctx.scope()
                    .spawn("serve", async move { t.cancelled().await }),
            );
            Ok(())
        })
    }
}
#[async_trait]
impl Server for F {
    fn name(&self) -> &str {
        self.name
    }
    fn phase(&self) -> Phase {
        self.phase
    }
    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        sleep(self.delay).await;
        (self.start)(ctx)?;
        Ok(vec![])
    }
    async fn stop(&self) -> Result<(), BoxError> {
        self.log
            .lock()
            .unwrap()
            .push(format!("{} stop called", self.name));
        sleep(self.stop).await;
        self.log
            .lock()
            .unwrap()
            .push(format!("{} stop done", self.name));
        Ok(())
    }
}
struct Reg(&'static str);
#[async_trait]
impl Registrar for Reg {
    async fn register(&self, _: &ServiceInstance) -> Result<(), kit_registry::Error> {
        Ok(())
    }
    async fn deregister(&self, _: &ServiceInstance) -> Result<(), kit_registry::Error> {
        let _ = self.0;
        Ok(())
    }
}
fn app(name: &str) -> (AppBuilder, SignalSender, Log) {
    let (signals, sender) = Signals::manual();
    let log: Log = Arc::default();
    let l = log.clone();
    let t0 = std::sync::OnceLock::new();
    (
        App::builder(name).signals(signals).observer(move |e| {
            let t0 = *t0.get_or_init(Instant::now);
            l.lock()
                .unwrap()
                .push(format!("{:?} {e:?}", Instant::now() - t0));
        }),
        sender,
        log,
    )
}
fn show(log: &Log) {
    for l in log.lock().unwrap().iter() {
        println!("{l}");
    }
}
async fn run_stop(app: App) -> Result<Report, RunError> {
    let h = app.handle();
    tokio::join!(app.run(), async {
        h.started().await.unwrap();
        h.stop("done");
    })
    .0
}

#[tokio::test(start_paused = true)]
async fn a_started_never_hangs_when_run_refuses() {
    let (b, _s, log) = app("bad/name");
    let app = b.build();
    let h = app.handle();
    let e = app.run().await.unwrap_err();
    println!("{e} {:?}", e.report().failures);
    show(&log);
    assert!(
        timeout(S * 60, h.started())
            .await
            .expect("hangs for ever")
            .is_err()
    );
}
#[tokio::test(start_paused = true)]
async fn a2_started_never_hangs_when_app_dropped() {
    let (b, _s, _l) = app("app");
    let app = b.build();
    let h = app.handle();
    drop(app);
    assert!(
        timeout(S * 60, h.started())
            .await
            .expect("hangs for ever")
            .is_err()
    );
}
#[tokio::test(start_paused = true)]
async fn b_long_timeouts() {
    let (b, _s, _l) = app("app");
    run_stop(
        b.server(F::serve("http"))
            .start_timeout(Duration::MAX)
            .build(),
    )
    .await
    .unwrap();
}
#[tokio::test(start_paused = true)]
async fn b2_long_timeouts() {
    let (b, _s, _l) = app("app");
    run_stop(
        b.server(F::serve("http"))
            .stop_timeout(Duration::MAX)
            .build(),
    )
    .await
    .unwrap();
}
#[tokio::test(start_paused = true)]
async fn c_stop_long_before_run() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::serve("http"))
        .after_stop("sweep", |_| async { Ok(()) })
        .build();
    app.handle().stop("early");
    sleep(30 * S).await;
    let r = app.run().await;
    show(&log);
    r.unwrap();
}
#[tokio::test(start_paused = true)]
async fn d_interrupted_before_start_starves_before_stop() {
    let (b, s, log) = app("app");
    let app = b
        .server(F::serve("http"))
        .server(F {
            phase: Phase::RESOURCES,
            ..F::serve("pool")
        })
        .before_start("migrate", |_| std::future::pending())
        .before_stop("tell", |_| async { Ok(()) })
        .build();
    let r = tokio::join!(app.run(), async {
        sleep(S).await;
        s.send(15);
    })
    .0
    .unwrap_err();
    show(&log);
    println!("{:?}", r.report().failures);
    let h = r.report().hooks.iter().find(|h| h.name == "tell").unwrap();
    assert!(h.error.is_none(), "{h:?}");
}
#[tokio::test(start_paused = true)]
async fn e_task_that_fails_while_draining() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::new("http", |ctx| {
            let t = ctx.scope().clone();
            drop(ctx.scope().spawn("serve", async move {
                t.cancelled().await;
                Err::<(), BoxError>("the queue was not flushed".into())
            }));
            Ok(())
        }))
        .build();
    let r = run_stop(app).await;
    show(&log);
    println!("{r:?}");
    assert_eq!(r.unwrap_err().exit_code(), 1);
}
#[tokio::test(start_paused = true)]
async fn e2_lower_phase_dies_while_higher_drains() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::new("http", |ctx| {
            let t = ctx.scope().clone();
            drop(ctx.scope().spawn("serve", async move {
                t.cancelled().await;
                sleep(3 * S).await;
            }));
            Ok(())
        }))
        .server(F {
            phase: Phase::RESOURCES,
            ..F::new("pool", |ctx| {
                let mut l = ctx.lifecycle();
                drop(ctx.scope().spawn("serve", async move {
                    l.wait_for(|l| l.stage >= Stage::LameDuck).await.unwrap();
                    sleep(S).await;
                    if true {
                        panic!("pool died")
                    }
                }));
                Ok(())
            })
        })
        .build();
    let r = run_stop(app).await;
    show(&log);
    println!("{r:?}");
    assert_eq!(r.unwrap_err().exit_code(), 1);
}
#[tokio::test(start_paused = true)]
async fn f_unnamed_hook_task_cut() {
    let (b, _s, log) = app("app");
    let app = b
        .before_start("cache", |c| async move {
            assert!(c.scope().track(std::future::pending()).is_ok());
            Ok(())
        })
        .build();
    let r = run_stop(app).await;
    show(&log);
    println!("{r:?}");
    assert_eq!(r.unwrap_err().exit_code(), 1);
}
#[tokio::test(start_paused = true)]
async fn g_latch_masks_root_cause() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::new("cache", |ctx| {
            let latch = ctx.latch("the cache");
            drop(ctx.scope().spawn("warm", async move {
                sleep(S).await;
                let _l = latch;
                Err::<(), BoxError>("no route to the database".into())
            }));
            Ok(())
        }))
        .build();
    let e = app.run().await.unwrap_err();
    show(&log);
    println!("{:?}", e.report().failures);
    assert!(e.to_string().contains("no route"), "{e}");
}
#[tokio::test(start_paused = true)]
async fn h_registrations_in_order_given() {
    let (b, _s, _log) = app("app");
    let app = b
        .server(F::serve("http"))
        .registrar("first", Reg("a"))
        .registrar("second", Reg("b"))
        .build();
    let r = run_stop(app).await.unwrap();
    let names: Vec<_> = r.registrations.iter().map(|r| r.registry.clone()).collect();
    assert_eq!(names, ["first", "second"]);
}
#[tokio::test(start_paused = true)]
async fn i_component_dies_during_before_stop_of_a_requested_stop() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::new("http", |ctx| {
            let mut l = ctx.lifecycle();
            drop(ctx.scope().spawn("serve", async move {
                l.wait_for(|l| l.stage >= Stage::LameDuck).await.unwrap();
                sleep(S / 10).await;
                Err::<(), BoxError>("died".into())
            }));
            Ok(())
        }))
        .registrar("r", Reg("a"))
        .before_stop("slow", |_| async {
            sleep(3 * S).await;
            Ok(())
        })
        .build();
    let _ = run_stop(app).await;
    show(&log);
    let log = log.lock().unwrap();
    let failed = log.iter().position(|l| l.contains("Failed")).unwrap();
    let dereg = log.iter().position(|l| l.contains("Deregistered")).unwrap();
    let hook = log.iter().position(|l| l.contains("HookEnded")).unwrap();
    assert!(failed < dereg && dereg < hook);
}
#[tokio::test(start_paused = true)]
async fn j_two_hanging_starts() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F {
            delay: 1000 * S,
            ..F::serve("a")
        })
        .server(F {
            delay: 1000 * S,
            ..F::serve("b")
        })
        .build();
    let t = Instant::now();
    let e = app.run().await.unwrap_err();
    show(&log);
    println!("{:?}", e.report().failures);
    assert!(t.elapsed() < 16 * S, "{:?}", t.elapsed());
}
#[tokio::test(start_paused = true)]
async fn k_interrupted_hook_can_use_its_scope() {
    let (b, s, log) = app("app");
    let app = b
        .before_start("migrate", |c| async move {
            sleep(2 * S).await;
            c.scope()
                .spawn("step 2", async {
                    sleep(S).await;
                    Ok(())
                })
                .await?;
            Ok(())
        })
        .build();
    let r = tokio::join!(app.run(), async {
        sleep(S).await;
        s.send(15);
    })
    .0
    .unwrap();
    show(&log);
    assert!(r.remarks.is_empty(), "{:?}", r.remarks);
}
#[tokio::test(start_paused = true)]
async fn k2_interrupted_start_can_use_its_scope() {
    let (b, s, log) = app("app");
    let app = b
        .server(F {
            delay: 2 * S,
            ..F::new("http", |c| {
                let t = c.scope().clone();
                c.scope()
                    .try_spawn("serve", async move { t.cancelled().await })
                    .map(drop)
                    .map_err(|_| "refused".into())
            })
        })
        .build();
    let r = tokio::join!(app.run(), async {
        sleep(S).await;
        s.send(15);
    })
    .0
    .unwrap();
    show(&log);
    assert!(r.remarks.is_empty(), "{:?}", r.remarks);
}
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l_stuck_registry_thread_is_named() {
    let (b, _s, log) = app("app");
    let app = b
        .scheme("x", |_, scope| {
            scope
                .spawn_thread("stuck", |_| std::thread::sleep(Duration::from_secs(3)))
                .unwrap();
            kit_registry::Schemes::default().open("memory:", scope)
        })
        .registry("x:")
        .build();
    let r = run_stop(app).await;
    show(&log);
    let text = format!("{r:?}");
    assert!(text.contains("stuck"), "{text}");
}
#[tokio::test(start_paused = true)]
async fn m_forced_calls_stop_of_lower_phases() {
    let (b, s, log) = app("app");
    let pool = F {
        phase: Phase::RESOURCES,
        ..F::serve("pool")
    };
    let plog = pool.log.clone();
    let app = b
        .server(F::new("http", |c| {
            drop(c.scope().spawn("deaf", std::future::pending::<()>()));
            Ok(())
        }))
        .server(pool)
        .build();
    let h = app.handle();
    let t = Instant::now();
    let e = tokio::join!(app.run(), async {
        h.started().await.unwrap();
        s.send(15);
        sleep(S).await;
        s.send(2);
    })
    .0
    .unwrap_err();
    show(&log);
    show(&plog);
    println!("{:?} {:?}", e.report().failures, t.elapsed());
    assert_eq!(e.exit_code(), 130);
    assert!(plog.lock().unwrap().iter().any(|l| l.contains("stop done")));
}
#[tokio::test(start_paused = true)]
async fn n_stop_error_is_told() {
    let (b, _s, log) = app("app");
    struct Bad;
    #[async_trait]
    impl Server for Bad {
        fn name(&self) -> &str {
            "bad"
        }
        async fn start(&self, _: &Context) -> Result<Vec<Listening>, BoxError> {
            Ok(vec![])
        }
        async fn stop(&self) -> Result<(), BoxError> {
            Err("cannot stop".into())
        }
    }
    let app = b.server(Bad).build();
    let e = run_stop(app).await.unwrap_err();
    show(&log);
    assert_eq!(e.exit_code(), 1);
    assert!(
        log.lock()
            .unwrap()
            .iter()
            .any(|l| l.contains("cannot stop")),
        "no event tells it"
    );
}
#[tokio::test(start_paused = true)]
async fn o_small_stop_timeout() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::serve("http"))
        .server(F {
            phase: Phase::RESOURCES,
            ..F::serve("pool")
        })
        .stop_timeout(S / 5)
        .before_stop("quick", |_| async { Ok(()) })
        .after_stop("quick2", |_| async { Ok(()) })
        .build();
    let r = run_stop(app).await;
    show(&log);
    r.unwrap();
}
#[tokio::test(start_paused = true)]
async fn p_overshoot() {
    let (b, _s, log) = app("app");
    let app = b
        .server(F::serve("http"))
        .before_start("h", |c| async move {
            drop(c.scope().spawn("deaf", std::future::pending::<()>()));
            Ok(())
        })
        .after_stop("h2", |c| async move {
            drop(c.scope().spawn("deaf2", std::future::pending::<()>()));
            Ok(())
        })
        .build();
    let h = app.handle();
    let (r, t) = tokio::join!(
        async {
            let r = app.run().await;
            (r, Instant::now())
        },
        async {
            h.started().await.unwrap();
            h.stop("x");
            Instant::now()
        }
    );
    show(&log);
    println!(
        "took {:?} {:?}",
        r.1 - t,
        r.0.unwrap_err().report().failures
    );
}
