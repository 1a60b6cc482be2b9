//! The standard layers are what they are one by one: the same lines, spans, numbers and answers.

use std::time::Duration;

use axum::extract::Request;
use kit_transport::http::ErrorShape;
use kit_transport::layers::{self, Stack};
use tower::BoxError;
use tower::filter::FilterLayer;
use tracing::Level;

use super::exchange;
use super::kinds::{Ask, Kind};
use super::rows::Ending;
use super::served::{DO, Handlers};
use crate::fixture::Fixture;
use crate::layers_metrics::Series;
use crate::spans::{Fields, Log, Seen};

const HOUR: Duration = Duration::from_secs(3600);

/// All that can be seen of one exchange behind a stack: what its client saw, then each line and span in
/// their order, then the series.
async fn seen(series: &Series, stack: impl Stack, kind: Kind, (ask, ending): &Case) -> String {
    let mut log = Log::up_to(Level::INFO);
    let handlers = Handlers::of_shape(ErrorShape::Kratos);
    let server = Fixture::start(handlers.server().layers(stack)).await;
    let saw = exchange(server, &handlers, kind, ask, *ending).await;
    let mut all = vec![saw + &handlers.found()];
    all.extend(log.take_all().into_iter().map(line));
    all.extend(series.look());
    all.join("\n")
}

/// A line without what differs from one exchange to the next.
fn line(mut seen: Seen) -> String {
    plain(&mut seen.fields);
    if let Some(span) = &mut seen.span {
        plain(span);
    }
    format!("{seen:?}")
}

fn plain(fields: &mut Fields) {
    fields.replace(&["duration_ms", "peer", "request", "span_id"], "any");
    if fields.find("request_id").is_some_and(|id| id != "mine") {
        fields.replace(&["request_id"], "new");
    }
    if fields
        .find("trace_id")
        .is_some_and(|id| !id.starts_with("4bf9"))
    {
        fields.replace(&["trace_id"], "new");
    }
}

type Case = (Ask, Ending);

fn cases() -> Vec<Case> {
    let trace = (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let known = [("x-request-id", "mine"), trace, ("x-md-global-a", "1")];
    let case = |order: Option<&'static str>, ending| {
        let headers = known
            .into_iter()
            .chain(order.map(|order| (DO, order)))
            .collect();
        let is_large = false;
        (Ask { headers, is_large }, ending)
    };
    let large = Ask {
        is_large: true,
        ..Ask::default()
    };
    vec![
        (Ask::default(), Ending::ByItself),
        (large, Ending::ByItself),
        case(None, Ending::ByItself),
        case(Some("panic"), Ending::ByItself),
        case(Some("panic later"), Ending::ByItself),
        case(Some("read later"), Ending::Gone),
        case(Some("wait later"), Ending::Cut),
    ]
}

/// The standard layers, with a limit of this many requests.
fn whole(most: usize) -> layers::Standard {
    layers::standard()
        .deadline(layers::deadline(HOUR))
        .concurrency_limit(layers::concurrency_limit(most))
}

type Watching = (
    layers::RequestIds,
    layers::Traces,
    layers::AccessLog,
    layers::Metrics,
);
type Others = (
    layers::MetadataLayer,
    layers::DeadlineLayer,
    layers::ConcurrencyLimit,
);

/// The same, one by one.
fn parts(most: usize) -> (Watching, Others) {
    let watching = (
        layers::request_id(),
        layers::trace(),
        layers::access_log(),
        layers::metrics(),
    );
    let limit = layers::concurrency_limit(most);
    let others = (layers::metadata(), layers::deadline(HOUR), limit);
    (watching, others)
}

async fn compare(
    series: &Series,
    kind: Kind,
    case: &Case,
    (whole, parts): (impl Stack, impl Stack),
) {
    let whole = seen(series, whole, kind, case).await;
    let parts = seen(series, parts, kind, case).await;
    for part in ["kit::access", "kit::request", "_total"] {
        assert!(whole.contains(part), "{whole}");
    }
    assert_eq!(whole, parts, "{kind:?}");
}

fn column(kind: Kind) {
    Series::run(async |series| {
        for case in &cases() {
            compare(&series, kind, case, (whole(1), parts(1))).await;
        }
        let case = &cases()[2];
        compare(&series, kind, case, (whole(0), parts(0))).await;
        let fails = FilterLayer::new(|_: Request| Err::<Request, _>(BoxError::from("a test's")));
        let both = ((whole(1), fails.clone()), (parts(1), fails));
        compare(&series, kind, case, both).await;
        let panics = |_: Request| -> Request { panic!("a test's") };
        let panics = tower::util::MapRequestLayer::new(panics);
        let both = ((whole(1), panics.clone()), (parts(1), panics));
        compare(&series, kind, case, both).await;
    });
}

#[test]
fn http1() {
    column(Kind::Http1);
}

#[test]
fn http2() {
    column(Kind::Http2);
}

#[test]
fn events() {
    column(Kind::Events);
}

#[test]
fn websockets() {
    column(Kind::WebSocket);
}

#[test]
fn unary_calls() {
    column(Kind::Unary);
}

#[test]
fn client_streams() {
    column(Kind::Client);
}

#[test]
fn server_streams() {
    column(Kind::Server);
}

#[test]
fn both_streams() {
    column(Kind::Both);
}

#[test]
fn the_line_of_a_websocket_stands_in_the_span_of_its_request() {
    Series::run(async |_series| {
        let mut log = Log::up_to(Level::INFO);
        let handlers = Handlers::of_shape(ErrorShape::Kratos);
        let server = handlers.server().layers(parts(1));
        let server = Fixture::start(server).await;
        let (ask, ending) = &cases()[2];
        exchange(server, &handlers, Kind::WebSocket, ask, *ending).await;
        let lines = log.take("kit::access");
        let [line] = &lines[..] else {
            panic!("{lines:?}");
        };
        let span = line.span.as_ref().expect("a span");
        assert_eq!(span.get("request_id"), "mine");
    });
}
