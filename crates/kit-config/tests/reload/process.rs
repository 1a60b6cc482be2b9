//! A process with real signals, and one without watches of the system.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use kit_app::App;
use kit_config::{ReloadOptions, Settings};

use crate::home::{Folder, Orders, reloader};
use crate::program::{Program, limit_life};

const FILE: &str = "orders.toml";

#[test]
fn a_hang_up_loads_the_settings_anew() {
    let folder = Folder::with(&[(FILE, "port = 8000\n[limits]\nlow = 1\n")]);
    let mut program = Program::start(&[], "serve", &folder.path(FILE));
    program.wait_for("ready");
    folder.write(FILE, "port = 8000\n[limits]\nlow = 2\n");
    program.signal("HUP");
    program.wait_for("the settings have changed: limits.low: 1 -> 2");
    program.wait_for("now Limits { low: 2");

    // A mistake is logged once, with its line, and changes nothing.
    folder.write(FILE, "port = 8000\n[limits]\nlow = 200\n");
    program.signal("HUP");
    let lines = program.wait_for("reloaded, not all of it");
    let hook = "reload hook `config` failed: the settings stay as they were";
    assert!(lines.iter().any(|line| line.contains(hook)), "{lines:#?}");
    let said = lines
        .iter()
        .filter(|line| line.contains("is above"))
        .count();
    assert_eq!(said, 1, "{lines:#?}");

    // A fixed setting is named, once for each change.
    folder.write(FILE, "port = 9000\n[limits]\nlow = 3\n");
    program.signal("HUP");
    let lines = program.wait_for("which needs a restart: port: 8000 -> 9000");
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("now Limits { low: 200")),
        "{lines:#?}"
    );
    folder.write(FILE, "port = 9000\n[limits]\nlow = 4\n");
    program.signal("HUP");
    let lines = program.wait_for("now Limits { low: 4");
    assert!(
        !lines.iter().any(|line| line.contains("needs a restart")),
        "{lines:#?}"
    );
    program.signal("TERM");
    assert!(program.end().success());
}

#[test]
fn a_file_is_watched_while_the_process_runs() {
    let folder = Folder::with(&[(FILE, "[limits]\nlow = 1\n")]);
    let mut program = Program::start(&[], "serve", &folder.path(FILE));
    program.wait_for("ready");
    for low in 2..5 {
        folder.write(FILE, format!("[limits]\nlow = {low}\n"));
        program.wait_for(&format!("now Limits {{ low: {low}"));
    }
    program.signal("TERM");
    program.wait_for("threads: none that watches");
    assert!(program.end().success());
}

#[test]
fn a_file_that_is_absent_at_the_start_is_named_and_counts_once_it_is_there() {
    let folder = Folder::with(&[]);
    let file = folder.path(FILE);
    let mut program = Program::start(&[], "serve", &file);
    let absent = format!("there is no settings file {}", file.display());
    let lines = program.wait_for("ready");
    let said = lines.iter().filter(|line| line.contains(&absent)).count();
    assert_eq!(said, 1, "{lines:#?}");
    folder.write(FILE, "[limits]\nlow = 2\n");
    program.wait_for("now Limits { low: 2");
    program.signal("TERM");
    assert!(program.end().success());
}

#[test]
fn without_watches_of_the_system_files_are_polled() {
    let test = "without_watches_of_the_system_files_are_polled";
    let without = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    let by = [
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        without,
        "sh",
    ];
    let tried = Command::new(by[0]).args(&by[1..]).arg("true").output();
    if !tried.as_ref().is_ok_and(|tried| tried.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "{test} has to run: {tried:?}"
        );
        // Not by `eprintln`, which the harness keeps for itself when a test has passed.
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: {test}: no namespace of users: {tried:?}"
        );
        return;
    }
    let folder = Folder::with(&[(FILE, "[limits]\nlow = 1\n")]);
    let mut program = Program::start(&by, "serve", &folder.path(FILE));
    let lines = program.wait_for("ready");
    let said = |line: &String| line.contains("files of settings are compared every 20ms, because");
    if !lines.iter().any(said) {
        program.wait_for("files of settings are compared every 20ms, because");
    }
    for low in 2..5 {
        folder.write(FILE, format!("[limits]\nlow = {low}\n"));
        program.wait_for(&format!("now Limits {{ low: {low}"));
    }
    program.signal("TERM");
    assert!(program.end().success());
}

/// An app with settings, that says on its standard output what happens.
pub(crate) fn serve() {
    limit_life();
    let log = tracing_subscriber::fmt().with_ansi(false).without_time();
    log.with_writer(std::io::stdout).init();
    let file = std::env::var_os("KIT_TEST_FILE").expect("a file");
    let reloader = reloader(Settings::<Orders>::new().optional_file(file));
    reloader.subscribe("say", |_, new: &Orders| {
        let limits = new.limits.clone();
        Ok::<_, String>(move || println!("now {:?}", *limits))
    });
    let options = ReloadOptions::new()
        .quiet(Duration::from_millis(40))
        .poll(Duration::from_millis(20));
    let app = App::builder("orders")
        .worker(
            "keeps it running",
            |context: kit_transport::Context| async move {
                context.scope().cancelled().await;
                Ok(())
            },
        )
        .apply(reloader.option_with(options))
        // After the worker's first reload, files are watched.
        .after_start("say", {
            let reloads = reloader.reloads();
            move |_| {
                let mut reloads = reloads.clone();
                async move {
                    reloads.wait_for(|reloads| reloads.ended > 0).await?;
                    println!("ready");
                    Ok(())
                }
            }
        });
    let code = app.build().main();
    let threads = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let names = threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    let left: Vec<_> = names.filter(|name| name.starts_with("notify-rs")).collect();
    if left.is_empty() {
        println!("threads: none that watches");
    } else {
        println!("threads: {left:?}");
    }
    assert_eq!(format!("{code:?}"), "ExitCode(unix_exit_status(0))");
}
