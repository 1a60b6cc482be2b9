//! A reload that makes the log quieter: in a program with one thread, because the interest in a line is kept for all.
#![cfg(unix)]

use kit_test_support::Lines;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "reload/home.rs"]
mod home;

use home::{Folder, Orders, reloader};

#[tokio::test]
async fn it_is_logged_as_any_other() {
    let folder = Folder::with(&[("orders.toml", "port = 8000\n[limits]\nhigh = 50\n")]);
    let reloader = reloader(folder.orders());
    let lines = Lines::default();
    let written = lines.clone();
    let (level, filter) = tracing_subscriber::reload::Layer::new(LevelFilter::INFO);
    let log = tracing_subscriber::fmt::layer().with_writer(move || written.clone());
    let log = tracing_subscriber::registry().with(level).with(log);
    let _log = tracing::subscriber::set_default(log);
    reloader.subscribe("log", move |_, _: &Orders| {
        let filter = filter.clone();
        Ok::<_, String>(move || filter.reload(LevelFilter::OFF).expect("it is there"))
    });
    folder.write("orders.toml", "port = 9000\n[limits]\nhigh = 60\n");
    reloader.reload().await.expect("it is well");
    let lines = lines.all().concat();
    assert!(
        lines.contains("the settings have changed: limits.high: 50 -> 60")
            && lines.contains("which needs a restart: port: 8000 -> 9000"),
        "{lines}"
    );
}
