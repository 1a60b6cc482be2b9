//! Reloads while requests are served: in a separate program, as they measure its memory.
#![cfg(target_os = "linux")]

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
use std::fs;
use tokio::sync::watch;
use tokio::time::Instant;

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

/// Reloads so often, while clients ask for both settings: each reload is under load, as a request has ended since the
/// one before. No request fails, each sees both of one version, and no client sees an older version after a newer
/// one. At the end a request has seen the last version.
async fn reload_under_load(reloads: u64) {
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
    // How many requests have ended, and the newest version that one has seen.
    let (ended, mut seen) = watch::channel((0_u64, 0_u64));
    let tree = TaskTree::new("clients");
    let clients: Vec<_> = (0..4)
        .map(|number| {
            let (http, ended) = (app.http(), ended.clone());
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
                    ended.send_modify(|(requests, version)| {
                        *requests += 1;
                        *version = one.max(*version);
                    });
                }
                Ok(newest)
            };
            tree.scope().spawn(format!("client {number}"), asks)
        })
        .collect();
    let (begun, mut before) = (Instant::now(), None);
    for version in 1..=reloads {
        let (requests, _) = *seen.borrow_and_update();
        let next = seen.wait_for(|(now, _)| *now > requests).await;
        drop(next.expect("clients ask"));
        fs::write(&path, file(version)).expect("it is written");
        let reloaded = reloader.reload().await.expect("it is right");
        assert_eq!(reloaded.changed.len(), 3, "{reloaded:?}");
        // What grows once has grown in the first part.
        if version == reloads / 4 {
            before = Some(resident());
        }
    }
    let rate = reloads as f64 / begun.elapsed().as_secs_f64();
    let before = before.expect("there were reloads");
    let after = resident();
    let grown = after.saturating_sub(before);
    assert!(
        grown < GROWTH,
        "{grown} bytes more after {reloads} reloads ({before} before)"
    );
    let last = seen.wait_for(|(_, version)| *version == reloads).await;
    let (requests, _) = *last.expect("clients ask");
    tree.scope().cancel(Cause::Requested("done".to_owned()));
    for client in clients {
        client.await.expect("no request has failed");
    }
    assert!(
        requests >= reloads,
        "{requests} requests in {reloads} reloads"
    );
    let counted = reloader.reloads().borrow().clone();
    assert_eq!((counted.changed, counted.failed), (reloads, 0));
    println!(
        "{reloads} reloads, {requests} requests, {grown} bytes more, {rate:.0} reloads a second"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_or_sees_half_of_a_reload() {
    reload_under_load(200).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn no_request_fails_or_sees_half_of_many_reloads() {
    reload_under_load(6_000).await;
}
