//! Metrics at a collector that works, and at those that do not.

use std::net::TcpListener;
use std::time::Duration;

use ::metrics::{Unit, counter, gauge, histogram, with_local_recorder};
use kit_app::{App, Signals};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use tokio::time::Instant;

use super::collector::{Answer, Collector, options};
use super::spans::{PATIENCE, end_spans, measured, texts};
use crate::metrics::{Metrics, MetricsOptions};
use crate::otlp::measure::Exports;
use crate::otlp::{OtlpOptions, OtlpProtocol};

const BOTH: [OtlpProtocol; 2] = [OtlpProtocol::Grpc, OtlpProtocol::Http];
const CUMULATIVE: i32 = 2;

fn small() -> (Metrics, impl ::metrics::Recorder) {
    let metrics = Metrics::new(&MetricsOptions {
        max_series: 2,
        buckets: vec![0.5, 2.0],
    });
    let recorder = metrics.recorder();
    (metrics, recorder)
}

/// The metric of this name, which is there once.
#[track_caller]
fn named<'a>(request: &'a ExportMetricsServiceRequest, name: &str) -> &'a Metric {
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let found: Vec<_> = metrics
        .iter()
        .filter(|metric| metric.name == name)
        .collect();
    assert_eq!(found.len(), 1, "{name}: {metrics:#?}");
    found[0]
}

/// The points of a gauge or a sum.
#[track_caller]
fn points(metric: &Metric) -> &[NumberDataPoint] {
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => &gauge.data_points,
        Data::Sum(sum) => &sum.data_points,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn count(request: &ExportMetricsServiceRequest, name: &str) -> i64 {
    match points(named(request, name))[0].value {
        Some(Value::AsInt(count)) => count,
        other => panic!("{other:?}"),
    }
}

#[test]
fn recordings_arrive_over_both_protocols_with_units_and_the_buckets_of_the_page() {
    for protocol in BOTH {
        let collector = Collector::start();
        let (metrics, recorder) = small();
        with_local_recorder(&recorder, || {
            ::metrics::describe_histogram!("took_seconds", Unit::Seconds, "how long it took");
            for user in ["a", "b", "c", "d"] {
                counter!("orders.asked", "user" => user).increment(3);
            }
            gauge!("held").set(-2.5);
            for value in [0.5, 1.0, 7.0] {
                histogram!("took_seconds", "kind" => "slow").record(value);
            }
        });
        let otlp = measured(&options(collector.address, protocol), &metrics);
        otlp.flusher().flush(PATIENCE);
        let exports = otlp.flusher().metrics();
        assert!(exports.is_whole() && exports.exported == 1, "{exports}");

        let received = collector.next_metrics();
        let resource = received.resource_metrics[0].resource.as_ref().unwrap();
        assert_eq!(texts(&resource.attributes)["service.name"], "orders");
        let Some(Data::Sum(asked)) = &named(&received, "orders.asked").data else {
            panic!("{received:#?}");
        };
        assert_eq!(
            (asked.is_monotonic, asked.aggregation_temporality),
            (true, CUMULATIVE)
        );
        let mut seen: Vec<_> = asked
            .data_points
            .iter()
            .map(|point| (texts(&point.attributes), point.value.unwrap()))
            .map(|(labels, value)| (format!("{labels:?}"), value))
            .collect();
        seen.sort_by(|left, right| left.0.cmp(&right.0));
        let expected = [
            ("{\"otel_metric_overflow\": \"true\"}", 6),
            ("{\"user\": \"a\"}", 3),
            ("{\"user\": \"b\"}", 3),
        ];
        let expected = expected.map(|(labels, value)| (labels.to_owned(), Value::AsInt(value)));
        assert_eq!(seen, expected);
        let point = &asked.data_points[0];
        assert!(0 < point.start_time_unix_nano);
        assert!(point.start_time_unix_nano < point.time_unix_nano);

        let held = points(named(&received, "held"));
        assert_eq!(held[0].value, Some(Value::AsDouble(-2.5)));
        assert_eq!(
            (held[0].start_time_unix_nano, held[0].time_unix_nano),
            (0, point.time_unix_nano)
        );
        let took = named(&received, "took_seconds");
        assert_eq!(
            (took.unit.as_str(), took.description.as_str()),
            ("s", "how long it took")
        );
        let Some(Data::Histogram(histogram)) = &took.data else {
            panic!("{took:#?}");
        };
        assert_eq!(histogram.aggregation_temporality, CUMULATIVE);
        let took = &histogram.data_points[0];
        assert_eq!(texts(&took.attributes)["kind"], "slow");
        assert_eq!(took.explicit_bounds, [0.5, 2.0]);
        assert_eq!(took.bucket_counts, [1, 1, 1]);
        assert_eq!((took.count, took.sum), (3, Some(8.5)));
        assert_eq!(took.start_time_unix_nano, point.start_time_unix_nano);
        assert_eq!(took.time_unix_nano, point.time_unix_nano);
        assert_eq!(count(&received, "kit_metrics_overflows_total"), 2);
        if cfg!(target_os = "linux") {
            let threads = named(&received, "process_threads");
            assert_eq!(threads.unit, "1");
            assert_eq!(named(&received, "process_virtual_memory_bytes").unit, "By");
            assert_eq!(named(&received, "process_cpu_seconds_total").unit, "s");
        }
    }
}

#[test]
fn exports_come_by_the_interval_and_go_on_counting() {
    let collector = Collector::start();
    let (metrics, recorder) = small();
    let options = OtlpOptions {
        metrics_interval: Duration::from_millis(20),
        ..options(collector.address, OtlpProtocol::Grpc)
    };
    let otlp = measured(&options, &metrics);
    let asked = || with_local_recorder(&recorder, || counter!("asked_total").increment(1));
    asked();
    let begun = |request: &ExportMetricsServiceRequest| {
        points(named(request, "asked_total"))[0].start_time_unix_nano
    };
    let mut seen = 0;
    let mut since = None;
    while seen < 3 {
        let received = collector.next_metrics();
        // The first export may have been made before the first recording.
        let metrics = &received.resource_metrics[0].scope_metrics[0].metrics;
        if !metrics.iter().any(|metric| metric.name == "asked_total") {
            continue;
        }
        assert_eq!(begun(&received), *since.get_or_insert(begun(&received)));
        let counted = count(&received, "asked_total");
        assert!(counted >= seen, "{counted} after {seen}");
        seen = counted;
        asked();
    }
    drop(otlp);
}

#[test]
fn metrics_are_not_sent_when_the_options_say_so() {
    let collector = Collector::start();
    let (metrics, _recorder) = small();
    let options = OtlpOptions {
        metrics: false,
        ..options(collector.address, OtlpProtocol::Grpc)
    };
    let otlp = measured(&options, &metrics);
    end_spans(&otlp, 1);
    assert!(otlp.flusher().shutdown(PATIENCE).is_whole());
    assert_eq!(otlp.flusher().metrics(), Exports::default());
    assert!(collector.has_no_metrics());
}

#[test]
fn what_the_collector_refuses_is_counted_and_newer_values_follow() {
    for protocol in BOTH {
        let collector = Collector::start();
        let (metrics, _recorder) = small();
        let otlp = measured(&options(collector.address, protocol), &metrics);
        let exports = |exported, failed, refused_values, is_behind| Exports {
            exported,
            failed,
            refused_values,
            is_behind,
        };
        for (answer, expected) in [
            (Answer::Takes, exports(1, 0, 0, false)),
            (Answer::TakesAllBut(2), exports(2, 0, 2, false)),
            (Answer::Refuses, exports(2, 1, 2, true)),
            (Answer::IsBusy, exports(2, 2, 2, true)),
            (Answer::Takes, exports(3, 2, 2, false)),
        ] {
            collector.answer(answer);
            otlp.flusher().flush(PATIENCE);
            assert_eq!(
                otlp.flusher().metrics(),
                expected,
                "{answer:?} by {protocol:?}"
            );
        }
    }
}

#[test]
fn a_failure_that_may_pass_is_followed_by_an_export_long_before_the_interval() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (metrics, _recorder) = small();
    let otlp = measured(&options(address, OtlpProtocol::Http), &metrics);
    let begun = Instant::now();
    otlp.flusher().flush(PATIENCE);
    assert!(begun.elapsed() < PATIENCE / 2);
    assert_eq!(
        (
            otlp.flusher().metrics().failed,
            otlp.flusher().metrics().is_behind
        ),
        (1, true)
    );
    let collector = Collector::at(TcpListener::bind(address).unwrap());
    collector.next_metrics();
    drop(otlp);
}

#[test]
fn a_collector_that_hangs_with_metrics_holds_neither_spans_nor_a_flush_up() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.answer(Answer::HangsWithMetrics);
        let (metrics, _recorder) = small();
        let otlp = measured(&options(collector.address, protocol), &metrics);
        let limit = Duration::from_millis(300);
        for _ in 0..2 {
            end_spans(&otlp, 3);
            let begun = Instant::now();
            assert!(otlp.flusher().flush(limit).is_whole());
            let took = begun.elapsed();
            assert!(
                took >= limit && took < limit + Duration::from_secs(2),
                "{took:?}"
            );
        }
        let begun = Instant::now();
        assert_eq!(otlp.flusher().shutdown(limit).exported, 6);
        assert!(begun.elapsed() < limit + Duration::from_secs(2));
        let exports = otlp.flusher().metrics();
        assert!(exports.is_behind && exports.exported == 0, "{exports}");
    }
}

#[tokio::test]
async fn an_app_is_measured_to_its_end_and_its_report_counts_what_was_lost() {
    let collector = Collector::start();
    let (metrics, _recorder) = small();
    for (answer, lost) in [
        (Answer::Takes, None),
        (
            Answer::Refuses,
            Some(
                "0 exports of metrics arrived, 1 failed, 0 values were refused, the last values did \
                 not arrive",
            ),
        ),
    ] {
        collector.answer(answer);
        let otlp = measured(&options(collector.address, OtlpProtocol::Grpc), &metrics);
        let app = App::builder("orders")
            .version("1.2.3")
            .signals(Signals::none())
            .job("done", async |_| Ok(()))
            .apply(metrics.option())
            .apply(otlp.option())
            .build();
        let report = app.run().await.unwrap();
        assert_eq!(report.exit_code, 0, "{report}");
        let lines = &report.last_steps[0].lines;
        assert_eq!(lines.first().map(String::as_str), lost);
    }
    let received = collector.next_metrics();
    let resource = received.resource_metrics[0].resource.as_ref().unwrap();
    assert_eq!(texts(&resource.attributes)["service.version"], "1.2.3");
    let build = points(named(&received, "kit_build_info"));
    assert_eq!(texts(&build[0].attributes)["version"], "1.2.3");
    let stages = points(named(&received, "kit_app_stage"));
    let stage = stages
        .iter()
        .find(|point| point.value == Some(Value::AsDouble(1.0)));
    // The last step comes before the end.
    let stage = texts(&stage.expect("one of them").attributes);
    assert_eq!(stage["stage"], "draining");
    named(&received, "kit_app_stop_duration_seconds");
    named(&received, "tokio_workers");
}
