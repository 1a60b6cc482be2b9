//! Reloads while requests are served: in a separate program, as they measure its memory.
#![cfg(target_os = "linux")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use kit_app::App;
use kit_app::testing::TestApp;
use kit_config::{Broken, Current, Live, ReloadOptions, Reloader, Rules, Settings};
use kit_sync::{Cause, TaskTree};
use kit_transport::http;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval};

/// How much the process may grow over all reloads.
const GROWTH: u64 = 8 << 20;

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
struct Orders {
    limits: Live<Limits>,
}

/// Both have to agree.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
struct Limits {
    one: u64,
    twice: u64,
    /// So that a leak would show.
    texts: Vec<String>,
}

impl Rules for Orders {
    fn check(&self, broken: &mut Broken) {
        let Limits { one, twice, .. } = *self.limits;
        broken.refuse_if(
            twice != 2 * one,
            "limits.twice",
            "is not twice `limits.one`",
        );
    }
}

async fn both(State(current): State<Current<Orders>>) -> String {
    // Each on its own would be two versions at times.
    let settings = current.read();
    format!("{} {}", settings.limits.one, settings.limits.twice)
}

fn file(one: u64) -> String {
    let text = "x".repeat(1_000);
    let twice = 2 * one;
    format!("[limits]\none = {one}\ntwice = {twice}\ntexts = [\"{text}\", \"{one}\"]\n")
}

/// The memory of this process that is resident.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.expect("a number") << 10
}

/// Reloads 100 times a second, while clients ask for both settings. No request fails, each sees
/// both of one version, and no client sees an older version after a newer one.
async fn reload_under_load(lasts: Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.toml");
    fs::write(&path, file(0)).expect("it is written");
    let loaded = Settings::<Orders>::new().file(&path).load();
    let reloader = Reloader::new(loaded.expect("it is right"));
    let routes = Router::new()
        .route("/", get(both))
        .with_state(reloader.current());
    let app = App::builder("orders")
        .server(http::Server::new(":0", routes))
        .apply(reloader.option_with(ReloadOptions::new().without_watching()));
    let app = TestApp::start(app).await;
    let served = Arc::new(AtomicU64::new(0));
    let tree = TaskTree::new("clients");
    let clients: Vec<_> = (0..4)
        .map(|number| {
            let (http, served) = (app.http(), Arc::clone(&served));
            let stop = tree.scope().token().clone();
            let asks = async move {
                let mut newest = 0;
                while !stop.is_cancelled() {
                    let answer = http.get("/").await;
                    assert_eq!(answer.status(), 200);
                    let text = std::str::from_utf8(answer.body())?;
                    let (one, twice) = text.split_once(' ').expect("both");
                    let (one, twice) = (one.parse::<u64>()?, twice.parse::<u64>()?);
                    assert_eq!(twice, 2 * one, "half of a configuration");
                    assert!(one >= newest, "{one} after {newest}");
                    newest = one;
                    served.fetch_add(1, Ordering::Relaxed);
                }
                Ok(newest)
            };
            tree.scope().spawn(format!("client {number}"), asks)
        })
        .collect();
    let (begun, mut ticks) = (Instant::now(), interval(Duration::from_millis(10)));
    let (mut version, mut before) = (0, None);
    while begun.elapsed() < lasts {
        ticks.tick().await;
        version += 1;
        fs::write(&path, file(version)).expect("it is written");
        let reloaded = reloader.reload().await.expect("it is right");
        assert_eq!(reloaded.changed.len(), 3, "{reloaded:?}");
        // What grows once has grown in the first part.
        if begun.elapsed() > lasts / 4 && before.is_none() {
            before = Some((resident(), version));
        }
    }
    let (before, early) = before.expect("it has lasted");
    let after = resident();
    let grown = after.saturating_sub(before);
    let reloads = version - early;
    assert!(
        grown < GROWTH,
        "{grown} bytes more after {reloads} reloads ({before} before)"
    );
    tree.scope().cancel(Cause::Requested("done".to_owned()));
    for client in clients {
        client.await.expect("no request has failed");
    }
    let served = served.load(Ordering::Relaxed);
    assert!(served > version, "{served} requests in {version} reloads");
    assert_eq!(reloader.reloads().borrow().changed, version);
    println!("{version} reloads, {served} requests, {grown} bytes more");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_or_sees_half_of_a_reload() {
    reload_under_load(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn no_request_fails_or_sees_half_of_a_reload_for_a_minute() {
    reload_under_load(Duration::from_secs(60)).await;
}
