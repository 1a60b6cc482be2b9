//! The lines of a start, and the options that change it.

use std::net::TcpListener;

use tokio::net::TcpStream;

use crate::support::{Exit, FREE_PORTS, Process, Service, dead_address};

#[tokio::test]
async fn the_pretty_log_names_the_real_ports_and_says_ready_once() {
    let exit = start_and_stop(&[]).await;
    for line in &exit.log {
        let time = line.split_whitespace().next().unwrap_or_default();
        assert!(time.ends_with('Z'), "not an event's only line: {line}");
        assert!(!line.contains('\u{1b}'), "coloured: {line}");
    }
}

#[tokio::test]
async fn the_json_log_names_the_real_ports_and_says_ready_once() {
    let exit = start_and_stop(&["--log", "json"]).await;
    for line in &exit.log {
        let event: serde_json::Value = serde_json::from_str(line).expect("one object a line");
        assert!(event["message"].is_string(), "no message: {line}");
    }
}

/// Starts it, connects to the addresses in its log, and stops it.
async fn start_and_stop(args: &[&str]) -> Exit {
    let mut service = Service::start(args).await;
    assert_ne!(service.http.port(), 0);
    assert_ne!(service.grpc.port(), 0);
    for address in [service.http, service.grpc] {
        TcpStream::connect(address).await.expect("it accepts");
    }
    let ready = service.process.line("ready").await;
    assert!(ready.contains("SIGTERM"), "how to stop it: {ready}");
    let exit = service.terminate().await.expect(0);
    exit.only("ready");
    assert_eq!(exit.out, "");
    exit
}

#[tokio::test]
async fn the_first_line_says_that_the_handlers_stand() {
    let exit = Service::start(&[]).await.terminate().await.expect(0);
    assert!(exit.log[0].contains("signal handlers stand"));
}

#[tokio::test]
async fn without_options_it_is_on_ports_8000_and_9000_in_memory_for_20_seconds() {
    let help = Process::spawn(&["--help"]).exit().await.expect(0).out;
    for (flag, variable, default) in [
        ("--http", "KIT_HTTP", "[default: \"127.0.0.1:8000\"]"),
        ("--grpc", "KIT_GRPC", "[default: \"127.0.0.1:9000\"]"),
        ("--admin", "KIT_ADMIN", "[default: none]"),
        ("--registry", "KIT_REGISTRY", "[default: \"memory:\"]"),
        ("--name", "KIT_NAME", "[default: \"helloworld\"]"),
        ("--id", "KIT_ID", ""),
        (
            "--request-timeout",
            "KIT_REQUEST_TIMEOUT",
            "as long as its client says",
        ),
        ("--secret-file", "KIT_SECRET_FILE", ""),
        ("--faults", "KIT_FAULTS", ""),
        ("--drain-delay", "KIT_DRAIN_DELAY", ""),
        ("--stop-timeout", "KIT_STOP_TIMEOUT", "[default: \"20s\"]"),
        ("--log", "KIT_LOG", "[default: none]"),
        ("--traces", "KIT_TRACES", "[default: none]"),
    ] {
        let about = help.split("\n  -").find(|part| {
            let rest = part.split_once(flag).map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.starts_with([' ', '\n', '[']))
        });
        let about = about.unwrap_or_else(|| panic!("no {flag} in:\n{help}"));
        assert!(about.contains(variable), "no {variable} in:\n{about}");
        assert!(about.contains(default), "no {default} in:\n{about}");
    }
}

#[tokio::test]
async fn its_id_is_a_uuid_of_version_7_when_none_is_given() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let service = Service::start(&["--log", "json"]).await;
        let exit = service.terminate().await.expect(0);
        let farewell = exit.only("goodbye");
        let farewell: serde_json::Value = serde_json::from_str(farewell).expect("an object");
        let id = farewell["id"].as_str().expect("text").to_owned();
        let parts: Vec<_> = id.split('-').collect();
        assert_eq!(
            parts.iter().map(|part| part.len()).sum::<usize>(),
            32,
            "{id}"
        );
        assert!(parts.len() == 5 && parts[2].starts_with('7'), "{id}");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn flags_win_over_variables() {
    let args = [&FREE_PORTS[..], &["--log", "pretty"]].concat();
    let taken = [("KIT_LOG", "json"), ("KIT_HTTP", "127.0.0.1:1")];
    let service = Service::ready(Process::spawn_with(&args, &taken)).await;
    let exit = service.terminate().await.expect(0);
    assert!(!exit.log[0].starts_with('{'), "{}", exit.text());
}

#[tokio::test]
async fn rust_log_filters_the_log() {
    let debug = Service::start_with(&[], &[("RUST_LOG", "info,kit_app=debug")]).await;
    let exit = debug.terminate().await.expect(0);
    exit.only("stage=running");

    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let http = taken.local_addr().expect("it has one").to_string();
    let args = ["--http", &http, "--grpc", "127.0.0.1:0"];
    let errors = Process::spawn_with(&args, &[("RUST_LOG", "error")]);
    let exit = errors.exit().await.expect(1);
    assert_eq!(exit.log.len(), 1, "{}", exit.text());
}

#[tokio::test]
async fn a_new_process_takes_the_ports_of_the_one_before() {
    let (http, grpc) = (dead_address(), dead_address());
    let args = ["--http", &http, "--grpc", &grpc];
    for _ in 0..2 {
        let service = Service::ready(Process::spawn(&args)).await;
        assert_eq!(service.http.to_string(), http);
        assert_eq!(service.grpc.to_string(), grpc);
        // The server closes these, so its side of them lingers.
        let mut held = service.connect().await;
        assert_eq!(held.get("/helloworld/kit").await.status, 200);
        let greeter = service.greeter().await;
        greeter.hello("kit").await.expect("a reply");
        service.terminate().await.expect(0);
    }
}
