//! A service with the standard layers whose collector works, refuses, or never answers.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use kit_app::{App, Event, RuntimeOptions};
use kit_transport::http;
use kit_transport::layers::{self, Current};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::collector::Collector;
use super::program::Program;
use super::spans::{ATTEMPT, CALLER, TRACE};
use crate::metrics::{Metrics, MetricsOptions};
use crate::otlp::{Otlp, OtlpOptions, OtlpProtocol};
use crate::redact::Redaction;

pub(super) const ENDPOINT: &str = "KIT_TEST_ENDPOINT";
pub(super) const PROTOCOL: &str = "KIT_TEST_PROTOCOL";
pub(super) const RUNTIME: &str = "KIT_TEST_RUNTIME";
pub(super) const RATIO: &str = "KIT_TEST_RATIO";
pub(super) const FILTER: &str = "KIT_TEST_FILTER";

const BOTH: [OtlpProtocol; 2] = [OtlpProtocol::Grpc, OtlpProtocol::Http];
const RUNTIMES: [&str; 3] = ["current thread", "one worker", "default"];
const FLUSH: Duration = Duration::from_secs(1);

/// What the tests start; by itself it does nothing.
#[test]
#[ignore = "a program for the other tests"]
#[expect(
    clippy::exit,
    reason = "it is a separate process, whose exit code is tested"
)]
fn program() {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        return;
    };
    let code = format!("{:?}", serve(&endpoint));
    println!("ended: {code}");
    std::process::exit(i32::from(!code.contains("(0)")));
}

/// A value that logs while it is shown, in the span that it is a value of.
struct Logs;

impl std::fmt::Display for Logs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        tracing::info!("shown");
        f.write_str("shown")
    }
}

fn serve(endpoint: &str) -> std::process::ExitCode {
    let of = |name: &str| std::env::var(name).unwrap();
    let protocol = match of(PROTOCOL).as_str() {
        "Grpc" => OtlpProtocol::Grpc,
        _ => OtlpProtocol::Http,
    };
    let options = OtlpOptions {
        endpoint: Some(endpoint.to_owned()),
        protocol,
        sample_ratio: of(RATIO).parse().unwrap(),
        filter: of(FILTER),
        queue: 64,
        batch: 32,
        interval: Duration::from_millis(20),
        flush_timeout: FLUSH,
        ..OtlpOptions::default()
    };
    let metrics = Metrics::new(&MetricsOptions::default());
    metrics.install().unwrap();
    let otlp = Otlp::start(&options, "orders", &metrics, &Redaction::new(&[]))
        .unwrap()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(otlp.layer());
    subscriber.try_init().unwrap();
    let show = async || {
        let mut headers = HeaderMap::new();
        if let Some(current) = Current::get() {
            current.propagate(&mut headers);
        }
        let load = tracing::info_span!("load", value = tracing::field::Empty);
        load.in_scope(|| load.record("value", tracing::field::display(Logs)));
        async {}.instrument(load).await;
        headers["traceparent"].to_str().unwrap().to_owned()
    };
    let router = Router::new().route("/orders/{id}", get(show));
    let runtime = match of(RUNTIME).as_str() {
        "current thread" => RuntimeOptions {
            current_thread: true,
            ..RuntimeOptions::default()
        },
        "one worker" => RuntimeOptions {
            worker_threads: Some(1),
            ..RuntimeOptions::default()
        },
        _ => RuntimeOptions::default(),
    };
    let code = App::builder("orders")
        .version("1.2.3")
        .runtime(runtime)
        .drain_delay(Duration::ZERO)
        .server(http::Server::new("127.0.0.1:0", router).layers(layers::standard()))
        .observer(|event| match &event.event {
            Event::ComponentStarted { listening, .. } => {
                let ip = listening.iter().find_map(|one| one.address().ip());
                ip.iter().for_each(|ip| println!("listening: {ip}"));
            }
            Event::Ready { .. } => println!("ready"),
            _ => {}
        })
        .apply(metrics.option())
        .apply(otlp.option())
        .build()
        .main();
    println!("metrics: {}", otlp.flusher().metrics());
    println!("spans: {}", otlp.flusher().spans());
    code
}

/// The parts of a `traceparent`.
fn traceparent(answer: &str) -> (String, String, String) {
    let line = answer.lines().last().unwrap();
    let parts: Vec<_> = line.split('-').map(str::to_owned).collect();
    assert_eq!(parts.len(), 4, "{answer}");
    (parts[1].clone(), parts[2].clone(), parts[3].clone())
}

#[test]
fn the_trace_is_one_in_the_header_in_the_outgoing_call_and_at_the_collector() {
    for protocol in BOTH {
        let collector = Collector::start();
        let mut program = Program::start(collector.address, protocol, "default");
        let caller = format!("traceparent: 00-{TRACE}-{CALLER}-01\r\n");
        let (trace, span, _) = traceparent(&program.ask(&caller).unwrap());
        assert_eq!(trace, TRACE);
        let received = collector.find(|seen| seen.span.name == "GET /orders/{id}");
        assert_eq!((received.trace(), received.id()), (trace, span.clone()));
        assert_eq!(received.parent(), CALLER);
        assert_eq!(received.resource["service.version"], "1.2.3");
        assert!(!received.resource["service.instance.id"].is_empty());
        assert_eq!(received.attributes()["url.path"], "/orders/7");
        assert_eq!(received.attributes()["http.response.status_code"], "200");
        let (trace, span, flags) = traceparent(&program.ask("").unwrap());
        assert_eq!(flags, "03");
        let received = collector.find(|seen| seen.trace() == trace && seen.span.kind == 2);
        assert_eq!((received.id(), received.parent()), (span, String::new()));
        program.terminate();
        let metrics = program.wait_for("metrics: ");
        assert_eq!(
            metrics,
            "1 exports of metrics arrived, 0 failed, 0 values were refused"
        );
        let spans = program.wait_for("spans: ");
        assert_eq!(spans, "4 spans exported, 0 dropped, 0 unfinished");
        assert_eq!(program.code(), Some(0));
    }
}

#[test]
fn a_handlers_spans_are_inside_the_requests() {
    let collector = Collector::start();
    let mut program = Program::start(collector.address, OtlpProtocol::Grpc, "one worker");
    let (trace, span, _) = traceparent(&program.ask("").unwrap());
    let child = collector.find(|seen| seen.span.name == "load");
    assert_eq!((child.trace(), child.parent()), (trace, span));
    // The value logged while the span took it.
    assert_eq!(child.attributes()["value"], "shown");
    assert_eq!(child.span.events[0].name, "shown");
    program.terminate();
    assert_eq!(program.code(), Some(0));
}

#[test]
fn the_flags_of_outgoing_calls_agree_with_the_export() {
    let collector = Collector::start();
    let mut program = Program::start_with(
        collector.address,
        OtlpProtocol::Http,
        "default",
        |command| {
            command.env(RATIO, "0");
        },
    );
    let (_, _, flags) = traceparent(&program.ask("").unwrap());
    assert_eq!(flags, "02");
    let not_sampled = format!("traceparent: 00-{TRACE}-{CALLER}-00\r\n");
    assert_eq!(traceparent(&program.ask(&not_sampled).unwrap()).2, "00");
    let sampled = format!("traceparent: 00-{TRACE}-{CALLER}-01\r\n");
    assert_eq!(traceparent(&program.ask(&sampled).unwrap()).2, "01");
    program.terminate();
    assert_eq!(
        program.wait_for("spans: "),
        "2 spans exported, 0 dropped, 0 unfinished"
    );
    assert_eq!(program.code(), Some(0));
}

#[test]
fn the_export_does_not_export_itself() {
    let collector = Collector::start();
    let mut program = Program::start_with(
        collector.address,
        OtlpProtocol::Grpc,
        "default",
        |command| {
            command.env(FILTER, "trace");
        },
    );
    program.ask("").unwrap();
    program.terminate();
    assert_eq!(program.code(), Some(0));
    let all = collector.all();
    assert!(all.iter().any(|seen| seen.span.name == "load"));
    // HTTP/2 is spoken with the collector alone.
    let of_export: Vec<_> = all
        .iter()
        .filter(|seen| seen.scope.starts_with("h2"))
        .collect();
    assert!(of_export.is_empty(), "{of_export:#?}");
}

/// Sends requests until one fails, from several threads.
fn load(program: &Program) -> Vec<std::thread::JoinHandle<u64>> {
    let address = program.address;
    let ask = move || {
        let mut answered = 0;
        while ask_at(address).is_ok() {
            answered += 1;
        }
        answered
    };
    let threads = (0..4).map(|_| std::thread::Builder::new().spawn(ask).unwrap());
    threads.collect()
}

fn ask_at(address: SocketAddr) -> std::io::Result<()> {
    use std::io::{Error, Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(b"GET /orders/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => Err(Error::other(answer)),
    }
}

/// Under load, with a queue that is full, SIGTERM ends the service by the limit of the flush, with 0 and
/// a line of the spans that were lost.
fn stops_in_time(collector: SocketAddr, protocol: OtlpProtocol, runtime: &str) {
    let mut program = Program::start(collector, protocol, runtime);
    let load = load(&program);
    // More than the queue holds has been asked for, by this thread alone.
    for _ in 0..200 {
        program.ask("").unwrap();
    }
    let begun = Instant::now();
    program.terminate();
    let metrics = program.wait_for("metrics: ");
    assert!(
        metrics.starts_with("0 ") && metrics.ends_with("the last values did not arrive"),
        "{metrics}"
    );
    let spans = program.wait_for("spans: ");
    assert_eq!(program.code(), Some(0), "{runtime}, {protocol:?}: {spans}");
    let took = begun.elapsed();
    assert!(
        took < FLUSH + ATTEMPT,
        "{took:?} on {runtime}, {protocol:?}"
    );
    let answered: u64 = load.into_iter().map(|thread| thread.join().unwrap()).sum();
    println!("{protocol:?} on {runtime}: {took:?}, {answered} more answers, {spans}");
    let numbers: Vec<u64> = spans
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [0, dropped, unfinished] = numbers[..] else {
        panic!("{spans}");
    };
    // Two spans of each answer; the last ones may have been cut off.
    assert!(
        dropped > 0 && dropped + unfinished >= 2 * (200 + answered),
        "{spans}"
    );
}

#[test]
fn a_collector_that_never_answers_holds_no_stop_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for runtime in RUNTIMES {
        for protocol in BOTH {
            stops_in_time(silent.local_addr().unwrap(), protocol, runtime);
        }
    }
}

#[test]
fn a_collector_that_refuses_holds_no_stop_up() {
    for runtime in RUNTIMES {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        stops_in_time(free, OtlpProtocol::Grpc, runtime);
    }
}

/// Passes a byte on at a time, and takes longer for an answer than a stop has.
#[test]
fn a_collector_that_is_slow_holds_no_stop_up() {
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = slow.local_addr().unwrap();
    let read = move || {
        use std::io::Read as _;
        for stream in slow.incoming() {
            let mut stream = stream.unwrap();
            let drip = move || {
                while matches!(stream.read(&mut [0]), Ok(1)) {
                    std::thread::sleep(Duration::from_millis(10));
                }
            };
            std::thread::Builder::new().spawn(drip).unwrap();
        }
    };
    std::thread::Builder::new().spawn(read).unwrap();
    for runtime in RUNTIMES {
        stops_in_time(address, OtlpProtocol::Http, runtime);
    }
}
