//! Lines, spans and metrics of a real process, and collectors of each kind.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::admin::{admin_of, ask};
use crate::support::{Collector, Exit, Http, Service, Signal, dead_address, soon};

/// The lines of the access log, in JSON.
fn accesses(exit: &Exit) -> Vec<Value> {
    let lines = exit.log.iter().map(|line| serde_json::from_str(line));
    let lines = lines.map(|line| line.expect("an object a line"));
    lines
        .filter(|line: &Value| line["target"] == "kit::access")
        .collect()
}

#[tokio::test]
async fn the_ids_of_a_request_are_the_same_in_its_answer_in_the_log_and_at_the_collector() {
    let mut collector = Collector::start(Duration::ZERO);
    let url = collector.url();
    let args = ["--traces", &url, "--log", "json", "--id", "one"];
    let mut service = Service::start(&args).await;
    #[cfg(target_os = "linux")]
    assert!(service.process.threads().contains(&"kit otlp".to_owned()));
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut http = service.connect().await;
    let head = format!(
        "GET /helloworld/kit HTTP/1.1\r\nhost: a\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\n\r\n"
    );
    http.send(&head).await;
    let answer = http.response().await;
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let http_span = collector.span("GET /helloworld/{name}").await;
    service.greeter().await.hello("kit").await.expect("a reply");
    let call = "helloworld.v1.Greeter/SayHello";
    let grpc_span = collector.span(call).await;
    assert_eq!(http_span.trace, trace);
    for (name, value) in [
        ("service.name", "helloworld"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", "one"),
    ] {
        assert_eq!(http_span.resource[name], value);
    }
    service.process.line("ready").await;
    let exit = service.terminate().await.expect(0);
    let lines = accesses(&exit);
    let line_of = |span: &str| {
        let mut of_span = lines.iter().filter(|line| line["span_id"] == span);
        of_span
            .next()
            .unwrap_or_else(|| panic!("no line of {span}; {}", exit.text()))
    };
    let http_line = line_of(&http_span.span);
    assert_eq!(http_line["trace_id"], trace);
    assert_eq!(http_line["field.trace_id"], Value::Null, "said twice");
    assert_eq!(http_line["request_id"], Value::from(id));
    assert_eq!(
        (&http_line["id"], &http_line["service"]),
        (&"one".into(), &"helloworld".into())
    );
    let grpc_line = line_of(&grpc_span.span);
    assert_eq!(grpc_line["trace_id"], Value::from(grpc_span.trace));
    assert_eq!(
        grpc_line["request_id"].as_str().map(str::len),
        Some(36),
        "{grpc_line}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_collector_there_is_no_thread_for_one() {
    let service = Service::start(&[]).await;
    let threads = service.process.threads();
    assert!(threads.contains(&"kit-log".to_owned()), "{threads:?}");
    assert!(!threads.contains(&"kit otlp".to_owned()), "{threads:?}");
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn the_admin_server_shows_metrics_and_changes_the_filter_of_the_log() {
    let mut service = Service::start(&["--admin", "127.0.0.1:0"]).await;
    let admin = admin_of(&mut service.process).await;
    let answer = service.connect().await.get("/helloworld/kit").await;
    assert_eq!(answer.status, 200);
    let has_all = async || {
        let (status, page) = ask(admin, "GET", "/metrics").await;
        assert_eq!(status, 200);
        let all = [
            "kit_app_ready 1\n",
            "kit_build_info{service=\"helloworld\"",
            "http_server_request_duration_seconds_count{",
        ];
        all.iter().all(|part| page.contains(part)).then_some(())
    };
    soon("the request is in a histogram", has_all).await;
    let mut client = Http::connect(admin).await;
    let change =
        "PUT /log HTTP/1.1\r\nhost: localhost\r\ncontent-length: 18\r\n\r\ninfo,kit_app=debug";
    client.send(change).await;
    let answer = client.response().await;
    let changed = "filter      info,kit_app=debug\nconfigured  info\n";
    assert!(answer.body.starts_with(changed), "{}", answer.body);
    let exit = service.terminate().await.expect(0);
    exit.only("stage=draining");
}

/// Asks until it is to end, and once more on each connection; gives the number of the answers.
async fn load(address: SocketAddr, is_over: &AtomicBool) -> usize {
    let mut http = Http::connect(address).await;
    let mut answers = 0;
    // The flag orders nothing else.
    while !is_over.load(Ordering::Relaxed) {
        let answer = http.get("/helloworld/load").await;
        assert_eq!(answer.body, r#"{"message":"Hello load"}"#);
        answers += 1;
    }
    answers
}

/// SIGTERM under load, with a queue of spans that is full: every request is answered, and the end comes with 0
/// by the limit of the flush.
async fn stops_in_time(collector: &str) -> Exit {
    let args = [
        &["--traces", collector, "--drain-delay", "300ms"][..],
        &[
            "--set",
            "telemetry.traces.queue=64",
            "--set",
            "telemetry.traces.batch=32",
        ],
        &["--set", "telemetry.traces.interval=20ms"],
        &["--set", "telemetry.traces.timeout=500ms"],
        &["--set", "telemetry.traces.flush_timeout=1s"],
    ]
    .concat();
    let service = Service::start(&args).await;
    let is_over = AtomicBool::new(false);
    let load = || load(service.http, &is_over);
    let loads = async { tokio::join!(load(), load(), load(), load()) };
    let stop = async {
        let mut http = service.connect().await;
        http.begin("/helloworld/slow?delay=1s").await;
        let greeter = service.greeter().await;
        // With them alone more spans end than the queue has places.
        for _ in 0..200 {
            assert_eq!(greeter.hello("many").await.expect("a reply"), "Hello many");
        }
        let call = greeter.begin("slow", "1s").await;
        let begun = service.signal(Signal::TERM);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(call.await.expect("a reply"), "Hello slow");
        assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
        begun
    };
    let ((a, b, c, d), begun) = tokio::join!(loads, stop);
    assert!(a.min(b).min(c).min(d) > 0, "each has asked");
    let exit = service.exit().await.expect(0).before_its_deadline(begun);
    let lost = exit.log.iter().find(|line| line.contains("spans exported"));
    assert!(lost.is_some(), "no line of the spans; {}", exit.text());
    exit
}

/// Warnings come at once and after 10 s, with counts.
fn assert_few_warnings(exit: &Exit, begun: Instant) {
    let said = exit.log.iter();
    let said: Vec<_> = said
        .filter(|line| line.contains("spans cannot be exported"))
        .collect();
    let most = 1 + usize::from(begun.elapsed() > Duration::from_secs(10));
    assert!((1..=most).contains(&said.len()), "{said:#?}");
    assert!(said[0].contains("failures=1"), "{said:#?}");
}

#[tokio::test]
async fn a_collector_that_hangs_drops_no_request_and_holds_no_stop_up() {
    let begun = Instant::now();
    // Accepts, by its backlog, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("it has one"));
    let exit = stops_in_time(&url).await;
    assert_few_warnings(&exit, begun);
}

#[tokio::test]
async fn a_collector_that_refuses_drops_no_request_and_holds_no_stop_up() {
    let begun = Instant::now();
    let exit = stops_in_time(&format!("http://{}", dead_address())).await;
    assert_few_warnings(&exit, begun);
}

#[tokio::test]
async fn a_collector_that_is_slow_drops_no_request_and_holds_no_stop_up() {
    let collector = Collector::start(Duration::from_millis(400));
    stops_in_time(&collector.url()).await;
}
