//! Settings that are read again at a SIGHUP.

use std::fs;

use crate::admin::{admin_of, ask};
use crate::support::{Process, Service, Signal, soon};

#[tokio::test]
async fn sighup_takes_the_filter_of_the_log_and_says_what_needs_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("helloworld.toml");
    let write = |text: &str| {
        // A reader never sees a part of it.
        let beside = folder.path().join("beside");
        let addresses = "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
        fs::write(&beside, format!("{addresses}{text}")).expect("it is written");
        fs::rename(&beside, &path).expect("it is replaced");
    };
    write("");
    let process = Process::spawn(&["--config", path.to_str().expect("UTF-8")]);
    let mut service = Service::ready(process).await;
    let admin = admin_of(&mut service.process).await;
    let log = async || ask(admin, "GET", "/log").await.1;
    assert!(log().await.starts_with("filter      info\n"));

    write("stop_timeout = \"19s\"\n[telemetry.log]\nfilter = \"info,kit_app=debug\"\n");
    service.signal(Signal::HUP);
    let process = &mut service.process;
    let changed = process.line("the settings have changed").await;
    assert!(changed.contains("telemetry.log.filter"), "{changed}");
    let restart = process.line("needs a restart").await;
    assert!(restart.contains("stop_timeout"), "{restart}");
    soon("the filter holds", async || {
        let page = log().await;
        page.starts_with("filter      info,kit_app=debug\n")
            .then_some(())
    })
    .await;

    write("stop_timeout = \"19s\"\n[telemetry.log]\nfilter = \"info,kit_app=loud\"\n");
    service.signal(Signal::HUP);
    service.process.line("`loud` is no level").await;
    assert!(log().await.starts_with("filter      info,kit_app=debug\n"));
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn rust_log_counts_more_than_the_file_also_at_a_sighup() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("helloworld.toml");
    fs::write(&path, "[telemetry.log]\nfilter = \"warn\"\n").expect("it is written");
    let args = [
        "--config",
        path.to_str().expect("UTF-8"),
        "--admin",
        "127.0.0.1:0",
    ];
    let environment = [("RUST_LOG", "info")];
    let mut service = Service::start_with(&args, &environment).await;
    let admin = admin_of(&mut service.process).await;
    service.signal(Signal::HUP);
    service.process.line("reloaded").await;
    let page = ask(admin, "GET", "/log").await.1;
    assert!(
        page.starts_with("filter      info\nconfigured  info\n"),
        "{page}"
    );
    service.terminate().await.expect(0);
}
