//! The series of requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_transport::{http, layers};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::observed::{Calls, all, ask, get_with, router, services};

/// A recorder that counts how often it is asked for a series.
struct Counting {
    recorder: DebuggingRecorder,
    asked: Arc<AtomicUsize>,
}

impl Counting {
    fn ask(&self) -> &DebuggingRecorder {
        self.asked.fetch_add(1, Ordering::Relaxed);
        &self.recorder
    }
}

impl Recorder for Counting {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder.describe_counter(key, unit, text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder.describe_gauge(key, unit, text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder.describe_histogram(key, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.ask().register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.ask().register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.ask().register_histogram(key, metadata)
    }
}

/// The series of this thread.
pub(crate) struct Series {
    snapshotter: Snapshotter,
    asked: Arc<AtomicUsize>,
}

impl Series {
    /// Runs a test with a recorder for its thread, on which its server runs as well.
    pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(Series) -> F) {
        let recorder = DebuggingRecorder::new();
        let asked = Arc::<AtomicUsize>::default();
        let series = Series {
            snapshotter: recorder.snapshotter(),
            asked: Arc::clone(&asked),
        };
        let recorder = Counting { recorder, asked };
        metrics::with_local_recorder(&recorder, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(test(series));
        });
    }

    /// Each series with its value, or with the count of its values: `name{label=value …} 1`. A look
    /// takes all of it: the next one shows what has changed since.
    pub(crate) fn look(&self) -> Vec<String> {
        let all = self.snapshotter.snapshot().into_vec();
        let mut lines: Vec<_> = all
            .into_iter()
            .map(|(key, unit, text, value)| {
                assert!(unit.is_some() && text.is_some(), "{key:?} is described");
                let (kind, key) = key.into_parts();
                let labels: Vec<_> = key
                    .labels()
                    .map(|label| format!("{}={}", label.key(), label.value()))
                    .collect();
                let value = match (kind, value) {
                    (MetricKind::Counter, DebugValue::Counter(count)) => count.to_string(),
                    (MetricKind::Gauge, DebugValue::Gauge(value)) => value.to_string(),
                    (MetricKind::Histogram, DebugValue::Histogram(values)) => {
                        assert!(values.iter().all(|value| (0.0..10.0).contains(&value.0)));
                        values.len().to_string()
                    }
                    other => panic!("{other:?}"),
                };
                format!("{}{{{}}} {value}", key.name(), labels.join(" "))
            })
            .collect();
        lines.sort();
        lines
    }

    /// Those of the counters.
    fn counts(&self) -> Vec<String> {
        let lines = self.look().into_iter();
        lines.filter(|line| line.contains("s_total{")).collect()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn served() -> Fixture {
    let server = http::Server::new(ANY_PORT, router()).grpc(services());
    Fixture::start(server.layers(layers::metrics())).await
}

/// The answers to requests that all go out on one connection, without a wait for those before them.
async fn pipelined(server: &Fixture, requests: String) -> String {
    let Raw(stream) = Raw::connect(server.address).await;
    let (mut reading, mut writing) = stream.into_split();
    let write = async {
        writing
            .write_all(requests.as_bytes())
            .await
            .expect("it reads");
        writing.shutdown().await.expect("it is open");
    };
    let mut answers = String::new();
    let (read, ()) = tokio::join!(reading.read_to_string(&mut answers), write);
    read.expect("a text, to its end");
    answers
}

#[test]
fn requests_are_counted_and_timed_by_operation_method_and_code() {
    Series::run(async |series| {
        let server = served().await;
        for path in ["/hello/a", "/hello/b", "/status/503", "/broken", "/events"] {
            ask(&server, &get_with(path, "")).await;
        }
        let mut client = Raw::connect(server.address).await;
        client.get("/endless").await;
        client.read_to("data: 1\n\n\r\n").await;
        let labels = |operation: &str| format!("protocol=http operation={operation} method=GET");
        let ended = |operation: &str, code: &str, count| {
            format!("{{{} {code}}} {count}", labels(operation))
        };
        let expected = [
            ended("/broken", "code=200 end=failed", 1),
            ended("/events", "code=200 end=whole", 1),
            ended("/hello/{name}", "code=200 end=whole", 2),
            ended("/status/{code}", "code=503 end=whole", 1),
        ];
        let active = |operation: &str, count| {
            format!(
                "http_server_active_requests{{{}}} {count}",
                labels(operation)
            )
        };
        let of = |name: &str| {
            expected
                .iter()
                .map(|line| format!("{name}{line}"))
                .collect()
        };
        let actives = vec![
            active("/broken", 0),
            active("/endless", 1),
            active("/events", 0),
            active("/hello/{name}", 0),
            active("/status/{code}", 0),
        ];
        let all: Vec<String> = [
            actives,
            of("http_server_request_duration_seconds"),
            of("http_server_requests_total"),
        ]
        .concat();
        assert_eq!(series.look(), all);
        drop(client);
        server.stop_within(PATIENCE).await;
        let gone = format!(
            "http_server_requests_total{}",
            ended("/endless", "code=200 end=gone", 1)
        );
        let after = series.look();
        assert!(after.contains(&gone), "{after:?}");
        assert!(after.contains(&active("/endless", -1)), "{after:?}");
    });
}

#[test]
fn calls_are_counted_by_their_codes() {
    Series::run(async |series| {
        let server = served().await;
        let mut calls = Calls::connect(&server).await;
        for _ in 0..2 {
            calls.unary("/test.Kinds/Unary").await.unwrap();
            calls.unary("/test.Kinds/Refused").await.unwrap_err();
            all(calls.stream("/test.Kinds/Both", 3).await.unwrap())
                .await
                .unwrap();
            all(calls.stream("/test.Kinds/Broken", 1).await.unwrap())
                .await
                .unwrap_err();
        }
        drop(calls);
        server.stop_within(PATIENCE).await.nothing_cut();
        let line = |method: &str, code: &str| {
            format!(
                "rpc_server_calls_total{{protocol=grpc operation=/test.Kinds/{method} method=POST \
                 code={code} end=whole}} 2"
            )
        };
        assert_eq!(
            series.counts(),
            [
                line("Both", "OK"),
                line("Broken", "INTERNAL"),
                line("Refused", "RESOURCE_EXHAUSTED"),
                line("Unary", "OK"),
            ]
        );
    });
}

#[test]
fn paths_and_methods_of_clients_add_one_series_each() {
    Series::run(async |series| {
        let server = served().await;
        let requests = (0..10_000).map(|n| {
            format!(
                "GET /random/{n} HTTP/1.1\r\nhost: a\r\n\r\nM{n} /hello/{n} HTTP/1.1\r\nhost: a\r\n\r\n"
            )
        });
        let answers = pipelined(&server, requests.collect()).await;
        for line in ["HTTP/1.1 404 ", "HTTP/1.1 200 "] {
            assert_eq!(answers.matches(line).count(), 10_000, "{line}");
        }
        let mut calls = Calls::connect(&server).await;
        for n in 0..1_000 {
            let method: &'static str = Box::leak(format!("/test.Nothing/M{n}").into_boxed_str());
            calls.unary(method).await.unwrap_err();
        }
        drop(calls);
        server.stop_within(PATIENCE).await.nothing_cut();
        let http = "http_server_requests_total{protocol=http operation=";
        let rpc = "rpc_server_calls_total{protocol=grpc operation=";
        assert_eq!(
            series.counts(),
            [
                format!("{http}/hello/{{name}} method=_OTHER code=200 end=whole}} 10000"),
                format!("{http}unmatched method=GET code=404 end=whole}} 10000"),
                format!("{rpc}unmatched method=POST code=UNIMPLEMENTED end=whole}} 1000"),
            ]
        );
        assert_eq!(series.asked(), 9, "three for each kind of request, once");
    });
}

#[test]
fn a_series_is_asked_for_once() {
    Series::run(async |series| {
        let server = served().await;
        ask(&server, &get_with("/hello/a", "")).await;
        assert_eq!(series.asked(), 3);
        for _ in 0..10 {
            ask(&server, &get_with("/hello/b", "")).await;
        }
        assert_eq!(series.asked(), 3);
        ask(&server, &get_with("/hello/b", "").replace("GET", "PUT")).await;
        assert_eq!(series.asked(), 6);
        server.stop_within(PATIENCE).await.nothing_cut();
    });
}
