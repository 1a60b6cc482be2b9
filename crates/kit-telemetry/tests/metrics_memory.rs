//! Histograms that nothing reads take no more memory over time.

#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

use kit_app::{App, Delivery, Environment, Event, Signals};
use kit_telemetry::{LogOptions, Telemetry, TelemetryOptions};

const AT_ONCE: usize = 100_000;
const TIMES: usize = 40;
/// A recording that is kept has 8 bytes and more: 32 MB here in all.
const GROWTH: u64 = 16 * 1024 * 1024;

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.expect("a number").parse::<u64>().expect("a number") * 1024
}

/// The metrics, from the admin server.
fn page(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[tokio::test]
async fn recordings_that_nothing_reads_do_not_pile_up() {
    let log = LogOptions {
        filter: "off".to_owned(),
        ..LogOptions::default()
    };
    let options = TelemetryOptions {
        log,
        ..TelemetryOptions::default()
    };
    let telemetry = Telemetry::init(&options, "orders").expect("the process has none");
    let (found, admin) = mpsc::channel();
    let app = App::builder("orders")
        .signals(Signals::none())
        .environment(Environment::from_lookup(|_| None))
        .event_delivery(Delivery::Inline)
        .admin(([127, 0, 0, 1], 0))
        .observer(move |stamped| {
            if let Event::AdminStarted { listening } = &stamped.event {
                let _ = found.send(listening[0].address().ip());
            }
        })
        .apply(telemetry.option())
        .build();
    let handle = app.handle();
    let recording = async {
        handle.started().await.expect("it starts");
        let histogram = ::metrics::histogram!("took_seconds");
        let mut before = 0;
        for time in 0..TIMES {
            (0..AT_ONCE).for_each(|_| histogram.record(0.02));
            tokio::task::yield_now().await;
            if time == 0 {
                before = resident();
            }
        }
        let grown = resident().saturating_sub(before);
        let page = page(admin.try_recv().ok().flatten().expect("it has started"));
        handle.stop("done");
        (grown, page)
    };
    let (report, (grown, page)) = tokio::join!(app.run(), recording);
    assert_eq!(report.expect("a clean stop").exit_code, 0);
    let count = format!("took_seconds_count {}", AT_ONCE * TIMES);
    assert!(page.lines().any(|line| line == count), "{page}");
    assert!(grown < GROWTH, "{grown} bytes more");
}
