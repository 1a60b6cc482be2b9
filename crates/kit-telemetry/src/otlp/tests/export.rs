//! What arrives at a collector that works.

use tracing::field::Empty;
use tracing::{Level, info, info_span, span};

use super::collector::{Answer, Collector, options};
use super::spans::{CALLER, PATIENCE, SPAN, TRACE, end_spans, recorded, started, texts};
use crate::otlp::flushed::Flushed;
use crate::otlp::{OtlpHeaders, OtlpOptions, OtlpProtocol};

const BOTH: [OtlpProtocol; 2] = [OtlpProtocol::Grpc, OtlpProtocol::Http];

/// The span of a request, whose layers open it before its trace is known.
pub(super) fn request(flags: u8) -> tracing::Span {
    let span = span!(
        target: "kit::request",
        Level::INFO,
        "request",
        otel.name = "GET /orders/{id}",
        otel.kind = "server",
        otel.status_code = Empty,
        http.response.status_code = Empty,
        trace_id = Empty,
        span_id = Empty,
        parent_span_id = Empty,
        trace_flags = Empty,
        trace_state = Empty,
        request_id = "mine",
    );
    span.record("trace_id", tracing::field::display(TRACE));
    span.record("span_id", tracing::field::display(SPAN));
    span.record("parent_span_id", tracing::field::display(CALLER));
    span.record("trace_flags", flags);
    span.record("trace_state", "a=1");
    span
}

#[test]
fn spans_arrive_over_both_protocols_as_they_were() {
    for protocol in BOTH {
        let collector = Collector::start();
        let options = OtlpOptions {
            headers: OtlpHeaders::from([("x-key", "s3cret")]),
            resource: [("deployment.environment.name".to_owned(), "test".to_owned())].into(),
            ..options(collector.address, protocol)
        };
        let otlp = started(&options);
        recorded(&otlp, || {
            let request = request(3);
            request.in_scope(|| {
                let child = info_span!(target: "orders::db", "load", rows = 3_u64, cached = false);
                child.in_scope(|| info!(answer = 42, "loaded"));
            });
            request.record("http.response.status_code", 503_u16);
            request.record("otel.status_code", "ERROR");
        });
        let flushed = otlp.flusher().shutdown(PATIENCE);
        assert!(flushed.is_whole(), "{flushed} by {protocol:?}");
        assert_eq!(flushed.exported, 2);

        let received = collector.next();
        assert!(
            received
                .headers
                .contains(&("x-key".to_owned(), "s3cret".to_owned()))
        );
        let request = received.spans.named("GET /orders/{id}");
        for (name, value) in [
            ("service.name", "orders"),
            ("deployment.environment.name", "test"),
        ] {
            assert_eq!(request.resource[name], value);
        }
        assert_eq!(request.scope, "kit::request");
        assert_eq!(
            (request.trace(), request.id()),
            (TRACE.to_owned(), SPAN.to_owned())
        );
        assert_eq!(request.parent(), CALLER);
        assert_eq!(request.span.trace_state, "a=1");
        // Sampled, random, and a parent that is known to be remote.
        assert_eq!(request.span.flags, 0x303);
        assert_eq!(
            (request.span.kind, request.span.status.clone().unwrap().code),
            (2, 2)
        );
        let attributes = request.attributes();
        assert_eq!(attributes["http.response.status_code"], "503");
        assert_eq!(attributes["request_id"], "mine");
        assert!(!attributes.contains_key("trace_id"), "{attributes:?}");

        let child = received.spans.named("load");
        assert_eq!(
            (child.trace(), child.parent()),
            (TRACE.to_owned(), SPAN.to_owned())
        );
        assert_eq!(child.scope, "orders::db");
        assert_eq!(child.attributes()["rows"], "3");
        assert_eq!(child.span.flags, 0x103);
        let event = &child.span.events[0];
        assert_eq!(
            (event.name.as_str(), &*texts(&event.attributes)["answer"]),
            ("loaded", "42")
        );
        let (start, end) = (
            child.span.start_time_unix_nano,
            child.span.end_time_unix_nano,
        );
        assert!(start <= event.time_unix_nano && event.time_unix_nano <= end);
    }
}

#[test]
fn the_caller_decides_for_its_trace_and_the_ratio_for_others() {
    let collector = Collector::start();
    let none = OtlpOptions {
        sample_ratio: 0.0,
        ..options(collector.address, OtlpProtocol::Grpc)
    };
    let otlp = started(&none);
    recorded(&otlp, || {
        request(0).in_scope(|| drop(info_span!("inside what is not sampled")));
        request(1).in_scope(|| drop(info_span!("inside what is sampled")));
        info_span!("alone").in_scope(|| drop(info_span!("inside")));
    });
    assert_eq!(otlp.flusher().shutdown(PATIENCE).exported, 2);
    let received = collector.next().spans;
    received.named("inside what is sampled");
    received.named("GET /orders/{id}");
    assert_eq!(received.0.len(), 2);
}

#[test]
fn outside_of_requests_a_trace_is_one_and_the_filter_decides_what_is_in_it() {
    let collector = Collector::start();
    let options = OtlpOptions {
        filter: "info,noise=off".to_owned(),
        ..options(collector.address, OtlpProtocol::Http)
    };
    let otlp = started(&options);
    recorded(&otlp, || {
        let outer = info_span!("outer").entered();
        let between = info_span!(target: "noise", "between").entered();
        let debug = tracing::debug_span!("debug").entered();
        let inner = info_span!("inner");
        inner.follows_from(&outer);
        drop((inner, debug, between, outer));
        drop(info_span!("another"));
    });
    assert_eq!(otlp.flusher().shutdown(PATIENCE).exported, 3);
    let received = collector.next().spans;
    let (outer, inner) = (received.named("outer"), received.named("inner"));
    assert_eq!((inner.trace(), inner.parent()), (outer.trace(), outer.id()));
    assert_eq!(inner.span.links[0].span_id, outer.span.span_id);
    assert_eq!(outer.parent(), "");
    assert_ne!(received.named("another").trace(), outer.trace());
}

#[test]
fn what_is_too_much_for_a_span_is_cut_and_counted() {
    let collector = Collector::start();
    let options = options(collector.address, OtlpProtocol::Grpc);
    let otlp = started(&options);
    recorded(&otlp, || {
        let _span = info_span!("work", text = "é".repeat(4_000)).entered();
        (0..200).for_each(|_| info!("again"));
    });
    assert!(otlp.flusher().shutdown(PATIENCE).is_whole());
    let received = collector.next().spans;
    let work = received.named("work");
    assert_eq!(work.attributes()["text"].len(), 4_096);
    assert_eq!(
        (work.span.events.len(), work.span.dropped_events_count),
        (128, 72)
    );
}

#[test]
fn a_span_has_a_limit_in_bytes_and_takes_what_comes_last_all_the_same() {
    let collector = Collector::start();
    let otlp = started(&options(collector.address, OtlpProtocol::Grpc));
    recorded(&otlp, || {
        let text = "a".repeat(4_096);
        let span = info_span!("work", text = Empty, status = Empty).entered();
        (0..20).for_each(|_| info!(text, more = text, "again"));
        (0..20).for_each(|_| _ = span.record("text", &*text));
        span.record("status", 200);
    });
    assert!(otlp.flusher().shutdown(PATIENCE).is_whole());
    let received = collector.next().spans;
    let work = received.named("work");
    assert_eq!(work.attributes()["status"], "200");
    let kept = work.span.events.len();
    assert!(prost::Message::encoded_len(&work.span) <= 64 << 10);
    assert!((5..10).contains(&kept), "{kept}");
    assert_eq!(work.span.dropped_events_count as usize, 20 - kept);
}

#[test]
fn a_batch_has_a_limit_in_bytes() {
    let collector = Collector::start();
    let otlp = started(&OtlpOptions {
        interval: std::time::Duration::from_secs(3_600),
        queue_size: 64 << 20,
        ..options(collector.address, OtlpProtocol::Grpc)
    });
    // 6 MiB, of which the collector takes 4 at once.
    recorded(&otlp, || {
        let text = "a".repeat(4_096);
        for _ in 0..512 {
            drop(info_span!("work", text, more = text, most = text));
        }
    });
    let flushed = otlp.flusher().shutdown(PATIENCE);
    assert!(flushed.is_whole(), "{flushed}");
    assert_eq!(flushed.exported, 512);
}

#[test]
fn what_the_collector_refuses_is_dropped_and_what_may_pass_is_sent_again() {
    for protocol in BOTH {
        let collector = Collector::start();
        let options = options(collector.address, protocol);
        let otlp = started(&options);
        let flushed = |exported, dropped, unfinished| Flushed {
            exported,
            dropped,
            unfinished,
        };
        end_spans(&otlp, 3);
        assert_eq!(otlp.flusher().flush(PATIENCE), flushed(3, 0, 0));
        collector.answer(Answer::TakesAllBut(2));
        end_spans(&otlp, 3);
        assert_eq!(otlp.flusher().flush(PATIENCE), flushed(4, 2, 0));
        collector.answer(Answer::Refuses);
        end_spans(&otlp, 3);
        assert_eq!(otlp.flusher().flush(PATIENCE), flushed(4, 5, 0));
        collector.answer(Answer::IsBusy);
        end_spans(&otlp, 3);
        assert_eq!(otlp.flusher().flush(PATIENCE), flushed(4, 5, 3));
        collector.answer(Answer::Takes);
        assert_eq!(
            otlp.flusher().shutdown(PATIENCE),
            flushed(7, 5, 0),
            "{protocol:?}"
        );
    }
}

#[test]
fn spans_are_sent_without_a_flush_when_their_time_has_come_or_the_queue_fills_up() {
    let collector = Collector::start();
    let soon = options(collector.address, OtlpProtocol::Grpc);
    let otlp = started(&soon);
    end_spans(&otlp, 1);
    assert_eq!(collector.next().spans.0.len(), 1);
    drop(otlp);
    let full = OtlpOptions {
        interval: std::time::Duration::from_secs(3_600),
        queue: 8,
        batch: 8,
        ..soon
    };
    let otlp = started(&full);
    // However many the exporter takes at first, half of the queue is full of the others.
    end_spans(&otlp, 12);
    let mut arrived = 0;
    while arrived < 4 {
        arrived += collector.next().spans.0.len();
    }
}
