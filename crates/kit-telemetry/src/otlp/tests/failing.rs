//! Collectors that fail cost spans, and no time.

use std::net::TcpListener;
use std::time::Duration;

use kit_app::{App, Signals};
use tokio::time::Instant;

use super::collector::{Collector, options};
use super::spans::{ATTEMPT, PATIENCE, end_spans, started};
use crate::metrics::{Metrics, MetricsOptions};
use crate::otlp::{Otlp, OtlpOptions, OtlpProtocol, wrong_options};
use crate::redact::Redaction;

const BOTH: [OtlpProtocol; 2] = [OtlpProtocol::Grpc, OtlpProtocol::Http];

/// Accepts, by its backlog, and never answers.
fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn refusing() -> std::net::SocketAddr {
    // Free again when the listener is dropped.
    silent().local_addr().unwrap()
}

#[test]
fn a_full_queue_drops_and_counts_and_holds_nothing_up() {
    let listener = silent();
    let time = |queue: usize, count: u64| {
        let options = OtlpOptions {
            queue,
            queue_size: 64 << 20,
            batch: 8,
            ..options(listener.local_addr().unwrap(), OtlpProtocol::Grpc)
        };
        let otlp = started(&options);
        let begun = Instant::now();
        end_spans(&otlp, count);
        let each = begun.elapsed() / u32::try_from(count).unwrap();
        (otlp.flusher().spans(), each)
    };
    let (roomy, with_room) = time(100_000, 20_000);
    assert_eq!((roomy.dropped, roomy.unfinished), (0, 20_000));
    let (full, without_room) = time(16, 20_000);
    // Those in the queue, and those in a batch that is under way or next.
    assert!((16..=48).contains(&full.unfinished), "{full}");
    assert_eq!(full.dropped + full.unfinished, 20_000, "{full}");
    println!("a span costs {with_room:?} with room in the queue and {without_room:?} without");
    // A queue that blocks would take at least the limit of an attempt, 10 s, for 32 of them.
    assert!(without_room < ATTEMPT / 320, "{without_room:?}");
}

#[test]
fn a_queue_without_bytes_drops_and_counts() {
    let listener = silent();
    let otlp = started(&OtlpOptions {
        queue_size: 1 << 20,
        ..options(listener.local_addr().unwrap(), OtlpProtocol::Grpc)
    });
    super::spans::recorded(&otlp, || {
        let text = "a".repeat(4_096);
        for _ in 0..2_000 {
            drop(tracing::info_span!("work", text, more = text));
        }
    });
    let left = otlp.flusher().spans();
    // Those in the queue, and those in a batch that is under way.
    assert!((100..=256).contains(&left.unfinished), "{left}");
    assert_eq!(left.dropped + left.unfinished, 2_000, "{left}");
}

#[test]
fn a_flush_and_a_shutdown_end_by_their_limit_whatever_the_collector_does() {
    for protocol in BOTH {
        let listener = silent();
        let options = options(listener.local_addr().unwrap(), protocol);
        let otlp = started(&options);
        end_spans(&otlp, 5);
        for limit in [0, 50, 200].map(Duration::from_millis) {
            let begun = Instant::now();
            assert_eq!(otlp.flusher().flush(limit).unfinished, 5);
            let took = begun.elapsed();
            assert!(took >= limit && took < limit + ATTEMPT, "{took:?}");
        }
        let begun = Instant::now();
        let left = otlp.flusher().shutdown(Duration::from_millis(500));
        let took = begun.elapsed();
        assert!(took < ATTEMPT, "{took:?}");
        assert_eq!((left.exported, left.dropped, left.unfinished), (0, 0, 5));
        // Another one finds nothing that it could wait for.
        let begun = Instant::now();
        assert_eq!(otlp.flusher().shutdown(PATIENCE), left);
        assert!(begun.elapsed() < PATIENCE / 2);
    }
}

#[test]
fn a_collector_that_refuses_costs_a_flush_no_time() {
    for protocol in BOTH {
        let otlp = started(&options(refusing(), protocol));
        end_spans(&otlp, 5);
        let begun = Instant::now();
        assert_eq!(otlp.flusher().shutdown(PATIENCE).unfinished, 5);
        assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    }
}

#[test]
fn a_collector_that_comes_back_gets_what_waited_and_what_comes() {
    for protocol in BOTH {
        let address = refusing();
        let otlp = started(&options(address, protocol));
        end_spans(&otlp, 5);
        assert_eq!(otlp.flusher().flush(PATIENCE).unfinished, 5);
        let collector = Collector::at(TcpListener::bind(address).unwrap());
        // Without a flush, by the next attempt.
        assert_eq!(collector.next().spans.0.len(), 5);
        end_spans(&otlp, 2);
        let left = otlp.flusher().shutdown(PATIENCE);
        assert_eq!(
            (left.exported, left.unfinished),
            (7, 0),
            "{left} by {protocol:?}"
        );
    }
}

#[test]
fn an_attempt_has_a_limit_and_a_batch_that_fails_again_and_again_is_given_up() {
    let listener = silent();
    let options = OtlpOptions {
        timeout: Duration::from_millis(20),
        ..options(listener.local_addr().unwrap(), OtlpProtocol::Grpc)
    };
    let otlp = started(&options);
    end_spans(&otlp, 5);
    // Each flush is one attempt, in place of the pause.
    for _ in 0..4 {
        assert_eq!(otlp.flusher().flush(PATIENCE).dropped, 0);
    }
    let left = otlp.flusher().shutdown(PATIENCE);
    assert_eq!((left.dropped, left.unfinished), (5, 0), "{left}");
    end_spans(&otlp, 1);
    assert_eq!(otlp.flusher().spans().dropped, 6);
}

#[test]
fn without_an_endpoint_nothing_is_started_and_a_wrong_option_is_found_all_the_same() {
    let none = OtlpOptions::default();
    let metrics = Metrics::new(&MetricsOptions::default());
    let started = Otlp::start(&none, "orders", &metrics, &Redaction::new(&[]));
    assert!(started.unwrap().is_none());
    let wrong = OtlpOptions { queue: 0, ..none };
    let wrong: Vec<_> = wrong_options(&wrong)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(
        wrong[0].starts_with("`traces.queue` is 0: it has to be a number of spans from 1 to "),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn the_report_of_an_app_counts_what_was_lost_and_the_exit_code_is_0() {
    let listener = silent();
    let options = OtlpOptions {
        flush_timeout: Duration::from_secs(1),
        ..options(listener.local_addr().unwrap(), OtlpProtocol::Grpc)
    };
    let otlp = started(&options);
    end_spans(&otlp, 5);
    let app = App::builder("orders")
        .signals(Signals::none())
        .job("done", async |_| Ok(()))
        .apply(otlp.option())
        .build();
    let report = app.run().await.unwrap();
    assert_eq!(report.exit_code, 0, "{report}");
    let step = &report.last_steps[0];
    let lost = "0 exports of metrics arrived, 0 failed, 0 values were refused, the last values did not arrive";
    assert_eq!(
        step.lines,
        ["0 spans exported, 0 dropped, 5 unfinished", lost]
    );
    assert!(step.error.is_none(), "{report}");
    assert!(
        report.to_string().contains("otlp: 0 spans exported"),
        "{report}"
    );
}
