//! A stop comes while the start waits for something that ignores its token: it has until its deadline,
//! is named while it is waited for, and is a failure when it is cut.

use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{App, BoxError, RunError};
use kit_transport::{Context, Listening, Server};
use tokio::time::{Instant, sleep};

use crate::fakes::{Record, app, assert_nothing_alive};

const SECOND: Duration = Duration::from_secs(1);

/// Stops the app a second after its start began. Gives how it ended, and how long the stop took.
async fn stop_a_second_after_the_start(app: App) -> (RunError, Duration) {
    let handle = app.handle();
    let (ended, stopped) = tokio::join!(async { (app.run().await, Instant::now()) }, async {
        sleep(SECOND).await;
        handle.stop("SIGTERM");
        Instant::now()
    });
    let (report, end) = ended;
    (report.unwrap_err(), end - stopped)
}

/// Asserts that `app` waits for `awaited` in the first two seconds of its stop, and cuts it at its deadline
/// with exit code 1 and a failure that names it.
async fn assert_named_and_cut(record: &Record, app: App, awaited: &str, named: &str) {
    let (error, took) = stop_a_second_after_the_start(app).await;
    let lines = record.all();
    let stops = record.position("stop asked");
    let after = &lines[stops..];
    let waits = format!("waiting for {awaited}");
    assert!(
        after
            .iter()
            .any(|line| line.starts_with(&waits) && line.ends_with("(2s)")),
        "no {waits:?} in {after:#?}"
    );
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().contains(named), "{error}");
    assert!(took > 15 * SECOND && took < 20 * SECOND, "{took:?}");
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_hook() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.before_start("migrate", |_| pending()).build();
    assert_named_and_cut(
        &record,
        app,
        "before_start hook `migrate` to end",
        "migrate",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_opens() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .resource("db", |_| pending(), |_: u8| async { Ok(()) })
        .build();
    assert_named_and_cut(&record, app, "resource db to open", "db").await;
}

/// As the function of `from_fn` does that builds routes.
struct Deaf;

#[async_trait]
impl Server for Deaf {
    fn name(&self) -> &str {
        "http"
    }

    async fn start(&self, _: &Context) -> Result<Vec<Listening>, BoxError> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_that_starts() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.server(Deaf).build();
    assert_named_and_cut(&record, app, "http to start", "http").await;
}
