//! An installation that fails leaves nothing half done.

#![cfg(target_os = "linux")]

use std::time::Duration;

use kit_telemetry::metrics::MetricsOptions;
use kit_telemetry::otlp::OtlpOptions;
use kit_telemetry::{Error, LogOptions, Telemetry, TelemetryOptions};
use tracing::subscriber::NoSubscriber;

/// The threads of telemetry that this process has.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    // A thread may end meanwhile.
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let names = names.map(|name| name.trim().to_owned());
    names.filter(|name| name.starts_with("kit")).collect()
}

#[test]
fn what_fails_leaves_no_thread_and_no_subscriber() {
    let right = TelemetryOptions {
        traces: OtlpOptions {
            endpoint: Some("http://127.0.0.1:9".to_owned()),
            ..OtlpOptions::default()
        },
        ..TelemetryOptions::default()
    };
    let wrong = TelemetryOptions {
        log: LogOptions {
            filter: "info,orders".to_owned(),
            flush_timeout: Duration::ZERO,
            ..LogOptions::default()
        },
        traces: OtlpOptions {
            sample_ratio: 2.0,
            endpoint: Some("localhost".to_owned()),
            ..OtlpOptions::default()
        },
        metrics: MetricsOptions {
            max_series: 0,
            ..MetricsOptions::default()
        },
    };
    let keys: Vec<_> = wrong
        .check()
        .into_iter()
        .map(|wrong| wrong.key().to_owned())
        .collect();
    let expected = [
        "log.filter",
        "log.flush_timeout",
        "traces.sample_ratio",
        "traces.endpoint",
        "metrics.max_series",
    ];
    assert_eq!(keys, expected);
    let refused = Telemetry::init(&wrong, "orders").expect_err("they are wrong");
    let text = refused.to_string();
    assert!(
        matches!(&refused, Error::Options(all) if all.len() == 5),
        "{text}"
    );
    for key in expected {
        assert!(text.contains(&format!("`{key}` is ")), "{text}");
    }
    assert_eq!(threads(), [""; 0]);

    // The last thing that can fail: both threads have begun by then.
    let recorder = metrics::NoopRecorder;
    ::metrics::set_global_recorder(recorder).expect("the first");
    let refused = Telemetry::init(&right, "orders").expect_err("there is a recorder");
    assert!(matches!(refused, Error::Recorder), "{refused}");
    let has_none = tracing::dispatcher::get_default(tracing::Dispatch::is::<NoSubscriber>);
    assert!(has_none, "a subscriber was left");
    // The exporter marks its end in its last instructions.
    while !threads().is_empty() {
        std::thread::yield_now();
    }
}
