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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn q_latch_masks_root_cause_mt() {
    let mut masked = 0;
    let mut sample = String::new();
    for _ in 0..500 {
        let (b, _s, _log) = app("app");
        let app = b
            .server(F::new("cache", |ctx| {
                let latch = ctx.latch("the cache");
                drop(ctx.scope().spawn("warm", async move {
                    sleep(Duration::from_micros(500)).await;
                    let _l = latch;
                    Err::<(), BoxError>("no route to the database".into())
                }));
                Ok(())
            }))
            .build();
        let e = app.run().await.unwrap_err();
        if !e.to_string().contains("no route") {
            masked += 1;
            sample = format!("{e} / all: {:?}", e.report().failures);
        }
    }
    println!("{masked} of 500 masked: {sample}");
    assert_eq!(masked, 0);
}
#[tokio::test(start_paused = true)]
async fn q2_latch_masks_when_dead_before_gate() {
    // the cache dies while a later phase starts? no: same poll
    let (b, _s, log) = app("app");
    let app = b
        .server(F::new("cache", |ctx| {
            let latch = ctx.latch("the cache");
            drop(ctx.scope().spawn("warm", async move {
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
struct Flap(std::sync::atomic::AtomicUsize);
#[async_trait]
impl Registrar for Flap {
    async fn register(&self, _: &ServiceInstance) -> Result<(), kit_registry::Error> {
        if self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_micros(300)).await;
            Ok(())
        } else {
            std::future::pending().await
        }
    }
    async fn hold(&self, _: &ServiceInstance) -> kit_registry::LossReason {
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
        kit_registry::LossReason::Missing
    }
    async fn deregister(&self, _: &ServiceInstance) -> Result<(), kit_registry::Error> {
        Ok(())
    }
}
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r_flapping_registry_never_hangs_the_start() {
    let (mut ok, mut err) = (0, 0);
    for i in 0..300 {
        let (b, s, _log) = app("app");
        let app = b
            .registrar("r", Flap(Default::default()))
            .register_timeout(Duration::from_millis(50))
            .drain_delay(Duration::ZERO)
            .build();
        let h = app.handle();
        let run = async { app.run().await };
        let watch = async {
            match timeout(Duration::from_secs(2), h.started()).await {
                Err(_) => {
                    s.send(15);
                    Err(())
                }
                Ok(r) => {
                    h.stop("x");
                    if r.is_ok() {
                        ok += 1
                    } else {
                        err += 1
                    };
                    Ok(())
                }
            }
        };
        let (_, w) = tokio::join!(run, watch);
        assert!(
            w.is_ok(),
            "round {i}: the start hung for 2 s with a register_timeout of 50 ms ({ok} ready, {err} failed)"
        );
    }
    println!("{ok} ready {err} failed");
}
#[tokio::test(start_paused = true)]
async fn s_interrupted_after_start_hook_took() {
    let (b, s, log) = app("app");
    let app = b
        .server(F::new("http", |ctx| {
            let t = ctx.scope().clone();
            drop(ctx.scope().spawn("serve", async move {
                t.cancelled().await;
                sleep(3 * S).await;
            }));
            Ok(())
        }))
        .after_start("warm", |c| async move {
            c.scope().cancelled().await;
            Ok(())
        })
        .before_stop("b", |_| async {
            sleep(S).await;
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
    assert_eq!(r.hooks.iter().find(|h| h.name == "warm").unwrap().took, S);
}
#[tokio::test(start_paused = true)]
async fn t_panic_after_told_is_exit_0() {
    let (b, s, log) = app("app");
    let app = b
        .before_start("migrate", |c| async move {
            c.scope().cancelled().await;
            if true {
                panic!("half done")
            }
            Ok(())
        })
        .build();
    let r = tokio::join!(app.run(), async {
        sleep(S).await;
        s.send(15);
    })
    .0;
    show(&log);
    println!("{r:?}");
}
#[tokio::test(start_paused = true)]
async fn u_parent_token_and_start_error() {
    let (b, _s, log) = app("app");
    let parent = tokio_util::sync::CancellationToken::new();
    let p = parent.clone();
    let app = b
        .parent(parent.clone())
        .before_start("wait", move |_| async move {
            p.cancelled().await;
            Err("cancelled".into())
        })
        .build();
    let r = tokio::join!(app.run(), async {
        sleep(S).await;
        parent.cancel();
    })
    .0;
    show(&log);
    r.unwrap();
}
#[tokio::test]
async fn v_a_third_signal_ends_the_process_whatever_blocks() {
    std::thread::spawn(|| {
        let raise = |s| {
            std::thread::sleep(Duration::from_millis(300));
            signal_hook_raise(s);
        };
        raise(15);
        raise(2);
        raise(3);
        std::thread::sleep(Duration::from_secs(3));
        println!("STILL ALIVE 3 s after the third signal");
        std::process::exit(99);
    });
    let app = App::builder("app")
        .observer(|e| {
            if matches!(e, Event::Forced { .. }) {
                loop {
                    std::thread::park()
                }
            }
        })
        .before_stop("slow", |_| async {
            sleep(60 * S).await;
            Ok(())
        })
        .build();
    let _ = app.run().await;
    sleep(10 * S).await;
}
fn signal_hook_raise(s: i32) {
    let _ = std::process::Command::new("kill")
        .arg(format!("-{s}"))
        .arg(std::process::id().to_string())
        .status();
}
