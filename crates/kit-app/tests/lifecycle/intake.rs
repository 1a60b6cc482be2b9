//! The intake of components: open from the start, closed for good by every stop.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use kit_app::{App, Delivery, Signals, Stage};
use kit_transport::{Context, Intake};
use tokio::time::timeout;

use crate::fakes::{Record, Starts, app};

/// Keeps the context of the component that is started with it.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Context>>>);

impl Kept {
    fn keep(&self) -> impl Fn(&Context) + Send + Sync + use<> {
        let kept = Arc::clone(&self.0);
        move |ctx| *kept.lock().unwrap() = Some(ctx.clone())
    }

    fn context(&self) -> Context {
        self.0.lock().unwrap().clone().unwrap()
    }

    fn intake(&self) -> Intake {
        self.context().intake().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_intake_closes_for_good_at_the_lame_duck_and_the_scope_is_cancelled_later() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let kept = Kept::default();
    let (observer, hook, events) = (kept.clone(), kept.clone(), record.clone());
    let app = builder
        .server(Starts("outbox", kept.keep()))
        .observer(move |stamped| {
            let entered = matches!(
                stamped.event,
                kit_app::Event::Entered {
                    stage: Stage::LameDuck
                }
            );
            if entered {
                events.add(format!("open: {}", observer.intake().is_open()));
            }
        })
        .before_stop("look", move |_| async move {
            let context = hook.context();
            assert!(!context.intake().is_open());
            assert!(context.intake().opened().await.is_err());
            assert!(!context.scope().is_cancelled(), "it may finish its work");
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(kept.intake().is_open());
        let closed = kept.intake();
        tokio::join!(closed.closed(), async { assert!(handle.stop("done")) });
        assert_eq!(handle.stage(), Stage::LameDuck);
    });
    report.unwrap();
    record.assert_order(&[
        "entered lame duck",
        "open: false",
        "before_stop look starts",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_and_a_run_that_is_dropped_end_the_intake() {
    let kept = Kept::default();
    let build = |hook: fn() -> Result<(), kit_app::BoxError>| {
        App::builder("app")
            .signals(Signals::none())
            .event_delivery(Delivery::Inline)
            .server(Starts("outbox", kept.keep()))
            .after_start("hook", move |_| async move { hook() })
            .build()
    };
    build(|| Err("no".into())).run().await.unwrap_err();
    assert!(kept.intake().opened().await.is_err());

    let app = build(|| Ok(()));
    let handle = app.handle();
    tokio::select! {
        biased;
        _ = app.run() => unreachable!("nothing stops it"),
        started = handle.started() => started.unwrap(),
    }
    assert!(kept.intake().opened().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_resource_sees_the_intake_close() {
    let kept: Arc<OnceLock<Intake>> = Arc::default();
    let keep = Arc::clone(&kept);
    let app = App::builder("app")
        .signals(Signals::none())
        .event_delivery(Delivery::Inline)
        .server(Starts("http", |_: &Context| ()))
        .resource(
            "consumer",
            |ctx: Context| async move {
                keep.set(ctx.intake().clone()).unwrap();
                Ok(1_u8)
            },
            |_: u8| async { Ok(()) },
        )
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        let intake = kept.get().unwrap();
        assert!(intake.is_open());
        handle.drain("maintenance");
        let closed = timeout(Duration::from_secs(1), intake.closed());
        closed.await.expect("it follows the drain");
        handle.undrain().unwrap();
        intake.opened().await.unwrap();
        handle.stop("done");
    });
    report.unwrap();
    assert!(kept.get().unwrap().opened().await.is_err(), "ended");
}
