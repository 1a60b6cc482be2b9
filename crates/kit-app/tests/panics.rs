//! Panics of a service: in its log, in the form of its log, each once.
#![cfg(unix)]

use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_app::{App, CheckOptions};
use kit_transport::http;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn app_is_running() -> bool {
    true
}

const ROLE: &str = "KIT_TEST_ROLE";

/// The program that the test starts: a task, a handler and a thread of its own panic.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .init();
    let routes = Router::new().route(
        "/bad",
        get(async || -> &'static str { panic!("in a handler") }),
    );
    let code = App::builder("app")
        .server(http::Server::new(([127, 0, 0, 1], 0), routes))
        .after_start("panics", |app| async move {
            let task = async { assert!(!app_is_running(), "in a task") };
            let _ = app.scope().spawn("task", task).await;
            let own = kit_sync::TaskTree::new("of the program");
            let task = async { assert!(!app_is_running(), "in a separate tree") };
            let _ = own.scope().spawn("task", task).await;
            let _ = std::thread::Builder::new()
                .spawn(|| panic!("in a thread"))?
                .join();
            let endpoint = app.handle().info().endpoints()[0].to_string();
            let address = endpoint.trim_start_matches("http://");
            let mut client = TcpStream::connect(address).await?;
            let request = b"GET /bad HTTP/1.1\r\nhost: kit\r\nconnection: close\r\n\r\n";
            client.write_all(request).await?;
            client.read_to_end(&mut Vec::new()).await?;
            app.handle().stop("done");
            Ok(())
        })
        .build()
        .main();
    println!("ended with {}", u8::from(code != ExitCode::SUCCESS));
}

/// One observer panics at each event, one blocks for good at the first.
#[test]
#[ignore = "a program for the other tests"]
fn program_with_observers() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .init();
    let code = App::builder("app")
        .stop_timeout(Duration::from_secs(2))
        .observer(|_| panic!("in an observer"))
        .observer(|_| {
            loop {
                std::thread::park();
            }
        })
        .after_start("stops", |app| async move {
            app.handle().stop("done");
            Ok(())
        })
        .build()
        .main();
    println!("ended with {}", u8::from(code != ExitCode::SUCCESS));
}

/// A check panics at each period, until it has done so eight times.
#[test]
#[ignore = "a program for the other tests"]
fn program_with_a_check() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .init();
    let runs = AtomicU32::new(0);
    let code = App::builder("app")
        .check_with(
            "database",
            CheckOptions::new().period(Duration::from_millis(100)),
            move |check| {
                // The eighth run panics, too.
                if runs.fetch_add(1, Ordering::Relaxed) == 7 {
                    check.handle().stop("done");
                }
                async { panic!("in a check") }
            },
        )
        .worker("idle", |ctx| async move {
            ctx.scope().cancelled().await;
            Ok(())
        })
        .build()
        .main();
    println!("ended with {}", u8::from(code != ExitCode::SUCCESS));
}

/// The levels of the lines about the panic of the check.
fn levels_of_a_check(backtrace: &str) -> Vec<&'static str> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "program_with_a_check",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(ROLE, "panics")
        .env("RUST_BACKTRACE", backtrace)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("ended with 0"), "{out}");
    let log = String::from_utf8(output.stderr).unwrap();
    let level = |line: &str| {
        let levels = ["ERROR", "WARN", "INFO"];
        let level = levels.into_iter().find(|level| line.contains(level));
        level.unwrap_or_else(|| panic!("no level: {line}"))
    };
    let lines = log.lines().filter(|line| line.contains("in a check"));
    lines.map(level).collect()
}

#[test]
fn a_check_that_panics_again_and_again_is_one_warning() {
    assert_eq!(levels_of_a_check("0"), ["WARN"]);
}

/// The event has no backtrace, and the hook has: the first, second, fourth and eighth time. The run that
/// stops the app may be dropped before it panics.
#[test]
fn with_backtraces_its_panics_are_logged_ever_more_rarely() {
    let mut levels = levels_of_a_check("1");
    let errors = levels.extract_if(.., |level| *level == "ERROR").count();
    assert!((3..=4).contains(&errors), "{errors}");
    assert_eq!(levels, ["WARN"]);
}

#[test]
fn each_panic_is_one_line_of_json_with_its_place() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["program", "--exact", "--ignored", "--nocapture"])
        .env(ROLE, "panics")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("ended with 0"), "{out}");
    let log = String::from_utf8(output.stderr).unwrap();
    for line in log.lines() {
        assert!(
            line.starts_with('{'),
            "plain text in the log: {line}\n{log}"
        );
    }
    for panic in [
        "in a task",
        "in a handler",
        "in a thread",
        "in a separate tree",
    ] {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(panic)).collect();
        assert_eq!(lines.len(), 1, "{panic}: {lines:#?}\n{log}");
        assert!(
            lines[0].contains("tests/panics.rs:"),
            "no place: {}",
            lines[0]
        );
    }
    // The instance is in the line, and no key of JSON is there twice: in `span` and in `spans` once.
    let line = log.lines().find(|line| line.contains("kit_app::log"));
    let line = line.expect("a line of the lifecycle");
    assert!(line.contains(r#""service":"app""#), "{line}");
    assert_eq!(line.matches(r#""name":"#).count(), 2, "{line}");
}

#[test]
fn an_observer_that_panics_has_few_lines_and_one_that_blocks_a_warning_at_the_end() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "program_with_observers",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(ROLE, "panics")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("ended with 0"), "{out}");
    let log = String::from_utf8(output.stderr).unwrap();
    let lines = |part: &str, level: &str| {
        let lines = log.lines().filter(|line| line.contains(part));
        lines.filter(|line| line.contains(level)).count()
    };
    // More than eight events and fewer than 32: the first, second, fourth, eighth and perhaps sixteenth.
    let panics = lines("in an observer", "ERROR");
    assert!((4..=5).contains(&panics), "{panics}\n{log}");
    assert_eq!(lines("did not take", "WARN"), 1, "{log}");
}
