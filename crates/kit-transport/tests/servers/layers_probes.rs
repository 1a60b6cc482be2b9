//! Kit's probes behind layers, and routes that only look like them.

use std::time::Duration;

use ::http::Request;
use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use kit_transport::layers::{self, Select, Stack};
use kit_transport::{ProbeAnswer, Probed, Probes, Values, http};
use tower::ServiceBuilder;
use tracing::Level;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{get_path, send};
use crate::layers_auth::ByName;
use crate::spans::Log;

const TARGET: &str = "kit::access";
const PATHS: [&str; 3] = ["/livez", "/readyz", "/startupz"];

async fn serve(router: Router, stack: impl Stack) -> Fixture {
    let server = http::Server::new(ANY_PORT, router).layers(stack);
    let mut values = Values::new();
    values.insert(Probes::new(|what, _is_verbose| ProbeAnswer {
        passes: what != Probed::Ready,
        text: format!("{what:?}"),
    }));
    Fixture::in_context(server, |ctx| ctx.with_app_values(values)).await
}

/// No place, no rate, no caller.
fn closed() -> impl Stack {
    let rate = layers::rate_limit(1, Duration::from_secs(3600)).by(|_: &Request<Body>| Some("all"));
    ServiceBuilder::new()
        .layer(rate)
        .layer(layers::concurrency_limit(0))
        .layer(layers::authenticate(ByName))
        .layer(layers::authorize(Select::prefix(""), |_: &()| false))
}

/// Those that are nested elsewhere and that have a layer of their author's are Kit's as well.
#[tokio::test]
async fn probes_are_answered_whatever_layers_ask_of_others() {
    let limited = http::probes().layer(tower::limit::GlobalConcurrencyLimitLayer::new(9));
    let router = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .merge(http::probes())
        .nest("/internal", limited);
    let server = serve(router, closed()).await;
    for before in ["", "/internal"] {
        for _ in 0..3 {
            for (path, status) in PATHS.into_iter().zip([200, 503, 200]) {
                let path = format!("{before}{path}");
                let answer = get_path(&server, &path).await;
                assert_eq!(answer.status, status, "{path}: {answer:?}");
                let answer = send(&server, &format!("HEAD {path}"), "", "").await;
                assert_eq!(answer.status, status, "{path}: {answer:?}");
            }
        }
    }
    // The one that the rate lets through is shed.
    assert_eq!(get_path(&server, "/hello").await.status, 503);
    assert_eq!(get_path(&server, "/hello").await.status, 429);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn what_only_looks_like_a_probe_is_not_one() {
    let secret = || async { "secret." };
    let router = Router::new()
        .merge(http::probes())
        .route("/healthz", get(secret))
        .route("/secret", get(secret))
        .route("/nested/livez", get(secret))
        .route("/{tenant}/readyz", any(secret))
        .nest_service("/files", get(secret));
    let server = serve(router, layers::authenticate(ByName)).await;
    for path in [
        "/healthz",
        "/healthz/../secret",
        "/livez/../secret",
        "/livez/%2e%2e/secret",
        "/livez/",
        "//livez",
        "/%6civez",
        "/LIVEZ",
        "/nested/livez",
        "/a/readyz",
        "/files/livez",
        "/files/../livez",
        "/startupz;x",
    ] {
        let answer = get_path(&server, path).await;
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
    }
    // Another method of the same path is none of the probe's.
    for line in ["POST /livez", "OPTIONS /livez", "GET http://a/secret"] {
        assert_eq!(send(&server, line, "", "").await.status, 401, "{line}");
    }
    let header = "x-original-url: /livez\r\nx-forwarded-prefix: /livez\r\n";
    assert_eq!(send(&server, "GET /secret", header, "").await.status, 401);
    assert_eq!(get_path(&server, "/livez?verbose").await.status, 200);
    server.stop_within(PATIENCE).await.nothing_cut();

    // Routes of an author's own, beside a server of the same process with Kit's.
    let own = PATHS.into_iter().fold(Router::new(), |router, path| {
        router.route(path, get(secret))
    });
    let server = serve(own, layers::authenticate(ByName)).await;
    for path in PATHS {
        assert_eq!(get_path(&server, path).await.status, 401, "{path}");
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn the_line_of_a_probe_is_for_those_that_look_closely() {
    for (router, level) in [
        (http::probes(), Level::DEBUG),
        (
            Router::new()
                .route("/livez", get(|| async {}))
                .route("/readyz", get(|| async {})),
            Level::INFO,
        ),
    ] {
        let mut log = Log::up_to(Level::DEBUG);
        let server = serve(router, layers::access_log()).await;
        for path in ["/livez", "/readyz"] {
            get_path(&server, path).await;
            let line = log.next(TARGET).await;
            assert_eq!((line.level, line.fields.get("operation")), (level, path));
        }
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}
