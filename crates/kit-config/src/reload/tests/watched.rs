//! Reloads by changes of files, in an app.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kit_app::{App, AppHandle, Signals};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::home::Home;
use crate::reload::ReloadOptions;
use crate::reload::fake::Fake;
use crate::reload::option::option;

const QUIET: Duration = Duration::from_millis(40);

fn soon() -> ReloadOptions {
    ReloadOptions::new()
        .quiet(QUIET)
        .at_most(Duration::from_millis(200))
}

/// Runs an app with the reloader, and what `with` does once files are watched, and stops it.
async fn run(home: &Home, options: ReloadOptions, with: impl AsyncFnOnce(&AppHandle)) {
    let app = App::builder("orders").signals(Signals::none());
    let app = app.apply(option(Arc::clone(&home.engine), options)).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        // The worker loads once when files are watched.
        home.until(|reloads| reloads.ended == 1).await;
        with(&handle).await;
        handle.stop("done");
    });
    let report = report.expect("the app ends well");
    assert_eq!(report.exit_code, 0, "{report}");
}

/// Until settings were read that often, whatever came of it.
async fn until_loads(home: &Home, count: usize) {
    let begun = Instant::now();
    while home.fake.loads.load(Ordering::Acquire) < count {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "not read {count} times"
        );
        sleep(Duration::from_millis(1)).await;
    }
}

/// Until `live` is this, with that many reloads that have failed.
async fn until_live(home: &Home, live: i64, failed: u64) {
    let current = home.engine.current();
    let reloads = home.until(|_| current.load()["live"] == json!(live)).await;
    assert_eq!(reloads.failed, failed, "{reloads:?}");
}

#[tokio::test]
async fn a_file_that_is_written_is_read() {
    let home = Home::with(r#"{"live": 1}"#);
    run(&home, soon(), async |_| {
        home.write(r#"{"live": 2}"#);
        until_live(&home, 2, 0).await;
    })
    .await;
}

/// As vim does it: a probe, the old file as a backup, the new file, no backup.
#[tokio::test]
async fn a_file_that_an_editor_replaces_is_read_again_and_again() {
    let home = Home::with(r#"{"live": 0}"#);
    let (file, backup, probe) = (
        home.path("orders.json"),
        home.path("orders.json~"),
        home.path("4913"),
    );
    run(&home, soon(), async |_| {
        for live in 1..5 {
            fs::write(&probe, "").expect("it is written");
            fs::remove_file(&probe).expect("it is removed");
            fs::rename(&file, &backup).expect("it is renamed");
            home.write(&format!(r#"{{"live": {live}}}"#));
            fs::remove_file(&backup).expect("it is removed");
            until_live(&home, live, 0).await;
        }
        // As most others do it: another file in its place.
        for live in 5..9 {
            fs::write(&backup, format!(r#"{{"live": {live}}}"#)).expect("it is written");
            fs::rename(&backup, &file).expect("it is renamed");
            until_live(&home, live, 0).await;
        }
    })
    .await;
}

#[tokio::test]
async fn files_beside_it_are_no_reload() {
    let home = Home::with(r#"{"live": 1}"#);
    run(&home, soon(), async |_| {
        let before = home.fake.loads.load(Ordering::Acquire);
        for beside in [".orders.json.swp", "orders.json~", "4913", "#orders.json#"] {
            fs::write(home.path(beside), "neither JSON nor read").expect("it is written");
        }
        // Neither is one that says what it said before.
        home.write(r#"{"live": 1}"#);
        home.write(r#"{"live": 2}"#);
        until_live(&home, 2, 0).await;
        assert_eq!(home.fake.loads.load(Ordering::Acquire), before + 1);
    })
    .await;
}

#[tokio::test]
async fn a_half_written_file_is_read_once_more_before_it_is_reported() {
    let home = Home::with(r#"{"live": 1}"#);
    // Long enough for this test to write the second half.
    let options = soon()
        .quiet(Duration::from_millis(500))
        .at_most(Duration::from_secs(5));
    run(&home, options, async |_| {
        let loads = home.fake.loads.load(Ordering::Acquire);
        let mut file = fs::File::create(home.path("orders.json")).expect("it is truncated");
        file.write_all(br#"{"live":"#).expect("it is written");
        until_loads(&home, loads + 1).await;
        file.write_all(b" 2}").expect("it is written");
        drop(file);
        until_live(&home, 2, 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_file_keeps_the_settings_and_is_reported_once() {
    let home = Home::with(r#"{"live": 1}"#);
    run(&home, soon(), async |_| {
        home.write(r#"{"live":"#);
        let reloads = home.until(|reloads| reloads.failed == 1).await;
        let error = reloads
            .last
            .expect("there was one")
            .expect_err("it has failed");
        let why = kit_sync::error_chain(&error);
        assert!(why.contains("orders.json: EOF while parsing"), "{why}");
        assert_eq!(home.settings(), json!({"live": 1}));
        // Right again, it is read.
        home.write(r#"{"live": 2}"#);
        until_live(&home, 2, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_removed_and_made_anew_is_read() {
    let home = Home::with(r#"{"live": 1}"#);
    let options = soon()
        .quiet(Duration::from_millis(500))
        .at_most(Duration::from_secs(5));
    run(&home, options, async |_| {
        let loads = home.fake.loads.load(Ordering::Acquire);
        fs::remove_file(home.path("orders.json")).expect("it is removed");
        until_loads(&home, loads + 1).await;
        home.write(r#"{"live": 2}"#);
        until_live(&home, 2, 0).await;
    })
    .await;
    let home = Home::with(r#"{"live": 1}"#);
    run(&home, soon(), async |_| {
        fs::remove_file(home.path("orders.json")).expect("it is removed");
        home.until(|reloads| reloads.failed == 1).await;
        assert_eq!(home.settings(), json!({"live": 1}));
        home.write(r#"{"live": 2}"#);
        until_live(&home, 2, 1).await;
    })
    .await;
}

/// Writes a version as Kubernetes does: a folder, and a link to it that is replaced at once.
fn publish(folder: &Path, version: i64) {
    let name = format!("..2024_{version}");
    fs::create_dir(folder.join(&name)).expect("it is made");
    let file = folder.join(&name).join("orders.json");
    fs::write(file, format!(r#"{{"live": {version}}}"#)).expect("it is written");
    symlink(&name, folder.join("..data_tmp")).expect("a link");
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("it is renamed");
    let before = folder.join(format!("..2024_{}", version - 1));
    // As the kubelet does at the end.
    let _ = fs::remove_dir_all(before);
}

#[tokio::test]
async fn the_links_of_kubernetes_are_followed_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    publish(folder.path(), 0);
    symlink("..data/orders.json", folder.path().join("orders.json")).expect("a link");
    let home = Home::of(folder, &["orders.json"]);
    run(&home, soon(), async |_| {
        for version in 1..6 {
            publish(home.folder(), version);
            until_live(&home, version, 0).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_is_replaced_is_watched_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |at: &str, live: i64| {
        fs::create_dir_all(folder.path().join(at)).expect("it is made");
        let file = folder.path().join(at).join("orders.json");
        fs::write(file, format!(r#"{{"live": {live}}}"#)).expect("it is written");
    };
    write("now/etc", 0);
    let root = folder.path().to_owned();
    let rename = |from: &str, to: &str| {
        fs::rename(root.join(from), root.join(to)).expect("it is renamed");
    };
    let file = root.join("now/etc/orders.json");
    let home = Home::of_fake(tempfile::tempdir().expect("a folder"), Fake::of([file]));
    run(&home, soon(), async |_| {
        // The folder above the file's, as a deployment replaces it.
        write("next/etc", 1);
        rename("now", "old");
        rename("next", "now");
        until_live(&home, 1, 0).await;
        // Files of the new one are seen.
        write("now/etc", 2);
        until_live(&home, 2, 0).await;
        // Gone with everything, and there again later.
        fs::remove_dir_all(root.join("now")).expect("it is removed");
        home.until(|reloads| reloads.failed == 1).await;
        write("now/etc", 3);
        until_live(&home, 3, 1).await;
        write("now/etc", 4);
        until_live(&home, 4, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_burst_of_changes_is_a_few_reloads() {
    let home = Home::with(r#"{"live": 0}"#);
    run(&home, soon().at_most(Duration::from_secs(1)), async |_| {
        let begun = Instant::now();
        for live in 1..=100 {
            home.write(&format!(r#"{{"live": {live}}}"#));
            tokio::task::yield_now().await;
        }
        let took = begun.elapsed();
        until_live(&home, 100, 0).await;
        let ended = home.reloads.borrow().ended - 1;
        // As many as fit between, if the writing was ever as slow as that.
        let fit = u64::try_from(took.as_millis() / QUIET.as_millis()).expect("it is small");
        assert!(
            ended <= 2 + fit,
            "{ended} reloads of 100 changes in {took:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn files_can_be_polled() {
    let home = Home::with(r#"{"live": 0}"#);
    let options = soon().poll_only(Duration::from_millis(10));
    run(&home, options, async |_| {
        for live in 1..5 {
            home.write(&format!(r#"{{"live": {live}}}"#));
            until_live(&home, live, 0).await;
        }
        home.write(r#"{"live":"#);
        home.until(|reloads| reloads.failed == 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_of_the_app_reloads_without_a_watcher() {
    let home = Home::with(r#"{"live": 0}"#);
    let app = App::builder("orders").signals(Signals::none());
    let options = ReloadOptions::new().without_watching();
    let keeps = app.worker(
        "keeps it running",
        async |context: kit_transport::Context| {
            context.scope().cancelled().await;
            Ok(())
        },
    );
    let app = keeps
        .apply(option(Arc::clone(&home.engine), options))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.expect("it starts");
        home.write(r#"{"live": 1}"#);
        assert!(handle.reload("test"));
        until_live(&home, 1, 0).await;
        home.write(r#"{"live":"#);
        assert!(handle.reload("test"));
        home.until(|reloads| reloads.failed == 1).await;
        handle.stop("done");
    });
    assert_eq!(report.expect("it ends well").exit_code, 0);
}
