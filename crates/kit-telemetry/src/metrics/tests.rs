use std::collections::BTreeMap;

use metrics::{counter, gauge, histogram, with_local_recorder};

use super::sample::Reading;
use super::*;

/// The page of the recordings.
fn recorded(metrics: &Metrics) -> String {
    let mut samples = Samples::default();
    metrics.0.recorded.collect(&mut samples);
    text::page(&samples)
}

fn small(max_series: usize) -> (Metrics, impl ::metrics::Recorder) {
    let options = MetricsOptions {
        max_series,
        ..MetricsOptions::default()
    };
    let metrics = Metrics::new(&options);
    let recorder = metrics.recorder();
    (metrics, recorder)
}

/// How many lines of the page begin with this text.
fn lines_of(metrics: &Metrics, start: &str) -> usize {
    let page = recorded(metrics);
    page.lines().filter(|line| line.starts_with(start)).count()
}

#[test]
fn label_values_beyond_the_limit_are_one_series_and_are_counted() {
    let (metrics, recorder) = small(1000);
    let record = |from: usize| {
        with_local_recorder(&recorder, || {
            for value in from..from + 10_000 {
                let value = value.to_string();
                counter!("asked_total", "user" => value.clone()).increment(1);
                gauge!("held", "user" => value.clone()).increment(1.0);
                histogram!("took_seconds", "user" => value).record(0.02);
            }
        });
    };
    record(0);
    let page = recorded(&metrics);
    let overflow = |metric: &str| {
        let start = format!("{metric}{{otel_metric_overflow=\"true\"}} ");
        let mut lines = page.lines();
        lines.find_map(|line| line.strip_prefix(&start).map(str::to_owned))
    };
    assert_eq!(overflow("asked_total").as_deref(), Some("9000"));
    assert_eq!(overflow("held").as_deref(), Some("9000"));
    assert_eq!(overflow("took_seconds_count").as_deref(), Some("9000"));
    for metric in ["asked_total{", "held{", "took_seconds_count{"] {
        assert_eq!(lines_of(&metrics, metric), 1001, "{metric}");
    }
    record(10_000);
    record(0);
    let later = recorded(&metrics);
    assert_eq!(later.lines().count(), page.lines().count());
    // The first thousand have their series still: only the others were counted.
    let counts = [
        ("asked_total", 28_000),
        ("held", 28_000),
        ("took_seconds", 28_000),
    ];
    let counts = counts.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(metrics.0.recorded.overflows(), counts);
}

#[test]
fn a_name_that_the_page_has_by_itself_is_not_recorded() {
    let (metrics, recorder) = small(10);
    with_local_recorder(&recorder, || {
        gauge!("process_threads").set(17.0);
        counter!("kit_server_requests_total", "server" => "http").increment(1);
        counter!("orders_total").increment(1);
    });
    assert_eq!(lines_of(&metrics, "process_threads"), 0);
    assert_eq!(lines_of(&metrics, "kit_server_requests_total"), 0);
    assert_eq!(lines_of(&metrics, "orders_total"), 1);
}

#[test]
fn a_metric_has_one_kind_and_one_name_on_the_page() {
    let (metrics, recorder) = small(10);
    with_local_recorder(&recorder, || {
        counter!("orders.asked").increment(1);
        counter!("orders_asked").increment(1);
        gauge!("orders_asked").set(7.0);
        histogram!("orders_asked").record(7.0);
        gauge!("held", "a.b" => "1").set(f64::INFINITY);
        gauge!("held").set(f64::NEG_INFINITY);
        ::metrics::describe_gauge!("held", "things in stock");
        ::metrics::describe_gauge!("held", "what another part says of it");
    });
    let page = recorded(&metrics);
    let lines: Vec<_> = page.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 6, "{page}");
    for line in [
        "# TYPE orders_asked counter",
        "orders_asked 2",
        "# HELP held things in stock",
        "# TYPE held gauge",
        "held{a_b=\"1\"} +Inf",
        "held -Inf",
    ] {
        assert!(lines.contains(&line), "{line}: {page}");
    }
}

#[test]
fn a_histogram_has_the_buckets_of_the_options() {
    let options = MetricsOptions {
        buckets: vec![0.5, 2.0],
        ..MetricsOptions::default()
    };
    let metrics = Metrics::new(&options);
    let recorder = metrics.recorder();
    with_local_recorder(&recorder, || {
        for value in [0.1, 1.0, 1.5, 7.0] {
            histogram!("took_seconds").record(value);
        }
    });
    let page = recorded(&metrics);
    for line in [
        "took_seconds_bucket{le=\"0.5\"} 1",
        "took_seconds_bucket{le=\"2\"} 3",
        "took_seconds_bucket{le=\"+Inf\"} 4",
        "took_seconds_count 4",
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line}: {page}");
    }
}

#[test]
fn all_that_is_wrong_is_named_at_once_with_what_would_be_right() {
    let wrong = |buckets: &[f64]| {
        let options = MetricsOptions {
            max_series: 0,
            buckets: buckets.to_vec(),
        };
        let wrong = options.check().into_iter();
        wrong.map(|wrong| wrong.to_string()).collect::<Vec<_>>()
    };
    let expected = "it has to be one or more finite numbers in ascending order, such as [0.1, 1.0]";
    assert_eq!(
        wrong(&[1.0, 0.5]),
        [
            "`metrics.max_series` is 0: it has to be 1 or more, such as 1000",
            &format!("`metrics.buckets` is [1.0, 0.5]: {expected}"),
        ]
    );
    for buckets in [&[][..], &[0.1, f64::INFINITY], &[f64::NAN]] {
        assert!(wrong(buckets)[1].contains(expected), "{buckets:?}");
    }
    assert!(MetricsOptions::default().check().is_empty());
}

#[test]
fn values_of_labels_are_escaped_and_names_come_once() {
    let mut samples = Samples::default();
    let labels = ["a\"b\\c\nd".to_owned()];
    samples.add_count(&catalogue::METRICS_OVERFLOWS, labels, 1);
    samples.add_count(&catalogue::PROCESS_THREADS, [], 3);
    samples.add_count(&catalogue::METRICS_OVERFLOWS, ["e".to_owned()], 2);
    let page = text::page(&samples);
    let description = catalogue::METRICS_OVERFLOWS.description;
    let expected = format!(
        "# HELP kit_metrics_overflows_total {description}\n\
         # TYPE kit_metrics_overflows_total counter\n\
         kit_metrics_overflows_total{{metric=\"a\\\"b\\\\c\\nd\"}} 1\n\
         kit_metrics_overflows_total{{metric=\"e\"}} 2\n\n\
         # HELP process_threads threads\n\
         # TYPE process_threads gauge\n\
         process_threads 3\n\n"
    );
    assert_eq!(page, expected);
}

#[cfg(target_os = "linux")]
#[test]
fn the_values_of_the_process_are_those_of_this_process() {
    let mut samples = Samples::default();
    process::collect(&mut samples);
    let values: BTreeMap<_, _> = samples
        .families()
        .iter()
        .map(|family| (family.name.as_ref(), &family.samples[0].value))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "they are compared roughly")]
    let value = |name| match values.get(name).expect(name) {
        Reading::Number(number) => *number,
        Reading::Count(count) => *count as f64,
        other => panic!("{other:?}"),
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs_f64();
    // The boot of the machine is known to the second.
    let age = now - value("process_start_time_seconds");
    assert!((-2.0..3600.0).contains(&age), "{age} s");
    assert!(value("process_cpu_seconds_total") > 0.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"));
    assert!(value("process_threads") >= 2.0);
    assert!(value("process_open_fds") >= 3.0);
    assert!(value("process_max_fds") >= value("process_open_fds"));
    assert_eq!(values.len(), 7);
}
