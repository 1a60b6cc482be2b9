//! An app with everything on: its pages show every metric of the catalogue, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_app::testing::TestApp;
use kit_app::{App, AppBuilder, Event, Policy, Restarts, WorkerOptions};
use kit_telemetry::Telemetry;
use kit_telemetry::metrics::catalogue;
use kit_transport::{grpc, http, layers};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::fixture::{MOST_SERIES, PATIENCE, get as ask, promtool, telemetry};
use crate::shown::{Shown, metrics_of, value_of};

/// The program's own, which no catalogue knows.
const OWN: &str = "orders_asked_total";

/// An app with everything on; `at_stop` gets the page of its last hook before the drain, and `seen` its
/// events.
fn app(
    telemetry: &Telemetry,
    at_stop: &Arc<Mutex<String>>,
    seen: mpsc::UnboundedSender<Event>,
) -> AppBuilder {
    let at_stop = Arc::clone(at_stop);
    let admin = Arc::<Mutex<Option<SocketAddr>>>::default();
    let found = Arc::clone(&admin);
    let router = Router::new().route("/hello", get(|| async { "Hello" }));
    let any_port = ([127, 0, 0, 1], 0);
    let restarts = Restarts::at_most(5, Duration::from_secs(60))
        .delays(Duration::from_millis(1), Duration::from_millis(1));
    let mut runs = 0;
    App::builder("orders")
        .id("orders-1")
        .version("1.2.3")
        .admin(any_port)
        .server(http::Server::new(any_port, router).layers(layers::metrics()))
        .server(grpc::Server::new(any_port).layers(layers::metrics()))
        .worker_with(
            "outbox",
            WorkerOptions::new().policy(Policy::Restart(restarts)),
            move |ctx| {
                runs += 1;
                let fails = runs == 1;
                async move {
                    if fails {
                        return Err("bad luck".into());
                    }
                    ctx.scope().token().cancelled().await;
                    Ok(())
                }
            },
        )
        .check("database", |_ctx| async { Ok(()) })
        .after_start("spawns", |ctx| async move {
            ctx.scope().spawn("fails", async {
                Err::<(), kit_sync::BoxError>("lost".into())
            });
            Ok(())
        })
        .on_reload("reads nothing", |_ctx| async { Err("no file".into()) })
        .before_stop("page", move |_ctx| async move {
            let admin = admin.lock().unwrap().expect("it has started");
            let answer = ask(admin, "/metrics");
            let (_, page) = answer.split_once("\r\n\r\n").expect("a head");
            page.clone_into(&mut at_stop.lock().unwrap());
            Ok(())
        })
        .apply(telemetry.option())
        .observer(move |stamped| {
            if let Event::AdminStarted { listening } = &stamped.event {
                *found.lock().unwrap() = listening[0].address().ip();
            }
            let _ = seen.send(stamped.event.clone());
        })
}

async fn until(events: &mut mpsc::UnboundedReceiver<Event>, is_it: impl Fn(&Event) -> bool) {
    loop {
        let event = events.recv().await.expect("the app runs");
        if is_it(&event) {
            return;
        }
    }
}

async fn page_of(app: &TestApp) -> String {
    let answer = app.admin().get("/metrics").await;
    assert_eq!(answer.status(), 200);
    String::from_utf8(answer.into_body().to_vec()).expect("text")
}

/// Runs the app through everything of which there is a metric, and gives its last pages: of the running
/// app, and of the beginning of its stop.
async fn run(telemetry: &Telemetry) -> [String; 2] {
    let at_stop = Arc::<Mutex<String>>::default();
    let (seen, mut events) = mpsc::unbounded_channel();
    let app = TestApp::start(app(telemetry, &at_stop, seen)).await;
    until(&mut events, |event| {
        matches!(event, Event::TaskFailed { .. })
    })
    .await;
    assert_eq!(app.http().get("/hello").await.status(), 200);
    let mut health = HealthClient::new(app.grpc());
    health.check(HealthCheckRequest::default()).await.unwrap();

    ::metrics::describe_counter!(OWN, "orders that were asked for");
    for user in 0..=MOST_SERIES {
        ::metrics::counter!(OWN, "user" => user.to_string()).increment(1);
    }
    assert!(app.handle().reload("test"));
    until(&mut events, |event| matches!(event, Event::Reloaded { .. })).await;
    assert!(app.handle().drain("test"));
    until(&mut events, |event| matches!(event, Event::Drained { .. })).await;
    assert!(app.handle().undrain().unwrap());
    until(&mut events, |event| {
        matches!(event, Event::Registered { .. })
    })
    .await;
    // An observer that was added before the one of this test has had these events, or has them in its
    // queue: what it counts is read until it has.
    let until_counted = async {
        loop {
            let page = page_of(&app).await;
            let registered = "kit_registry_registrations_total{registry=\"memory\"}";
            if value_of(&page, registered) == Some(2.0) {
                break page;
            }
        }
    };
    let running = timeout(PATIENCE, until_counted)
        .await
        .expect("it is counted");
    app.stop().await;
    let at_stop = at_stop.lock().unwrap().clone();
    [running, at_stop]
}

/// Each metric of the pages is in the catalogue as it is shown, and each of the catalogue is shown.
#[track_caller]
fn compare(pages: &[String]) {
    let mut all: BTreeMap<String, Shown> = BTreeMap::new();
    for page in pages {
        for (name, shown) in metrics_of(page) {
            match all.get_mut(&name) {
                Some(known) => known.labels.extend(shown.labels),
                None => _ = all.insert(name, shown),
            }
        }
    }
    assert!(all.remove(OWN).is_some());
    let is_here = |name: &str| cfg!(target_os = "linux") || !name.starts_with("process_");
    let listed: BTreeMap<_, _> = catalogue()
        .filter(|metric| is_here(metric.name))
        .map(|metric| {
            let labels = metric
                .labels
                .iter()
                .map(|&label| label.to_owned())
                .collect();
            let shown = Shown {
                kind: metric.kind.to_string(),
                description: metric.description.to_owned(),
                labels: BTreeSet::from([labels]),
            };
            (metric.name.to_owned(), shown)
        })
        .collect();
    let names = |of: &BTreeMap<String, Shown>| of.keys().cloned().collect::<BTreeSet<_>>();
    let (shown, known) = (names(&all), names(&listed));
    let unlisted: Vec<_> = shown.difference(&known).collect();
    assert!(
        unlisted.is_empty(),
        "shown and not in the catalogue: {unlisted:?}"
    );
    let missing: Vec<_> = known.difference(&shown).collect();
    assert!(
        missing.is_empty(),
        "in the catalogue and not shown: {missing:?}"
    );
    for (name, metric) in &listed {
        assert_eq!(metric, &all[name], "{name}");
    }
}

#[tokio::test]
#[expect(
    clippy::await_holding_lock,
    reason = "each test has a runtime of one thread to itself"
)]
async fn the_catalogue_lists_what_a_running_app_shows_and_promtool_takes_it() {
    let telemetry = telemetry();
    let pages = run(&telemetry).await;
    compare(&pages);
    for page in &pages {
        promtool(page).unwrap_or_else(|said| panic!("{said}\n{page}"));
    }
    let [running, at_stop] = &pages;
    let kit = env!("CARGO_PKG_VERSION");
    let build = format!(
        "kit_build_info{{service=\"orders\",version=\"1.2.3\",id=\"orders-1\",kit=\"{kit}\"}}"
    );
    for (series, value) in [
        (build.as_str(), 1.0),
        ("kit_app_stage{stage=\"running\"}", 1.0),
        ("kit_app_stage{stage=\"lame_duck\"}", 0.0),
        ("kit_app_ready", 1.0),
        ("kit_app_live", 1.0),
        ("kit_app_drained", 0.0),
        ("kit_app_drains_total", 1.0),
        ("kit_app_failures_total", 0.0),
        ("kit_app_reloads_total", 1.0),
        (
            "kit_hook_failures_total{stage=\"reload\",hook=\"reads nothing\"}",
            1.0,
        ),
        (
            "kit_component_state{component=\"http\",state=\"running\"}",
            1.0,
        ),
        ("kit_worker_restarts_total{worker=\"orders/outbox\"}", 1.0),
        ("kit_worker_failures_total{worker=\"orders/outbox\"}", 1.0),
        (
            "kit_worker_state{worker=\"orders/outbox\",state=\"running\"}",
            1.0,
        ),
        (
            "kit_check_state{check=\"database\",required=\"true\",state=\"passing\"}",
            1.0,
        ),
        ("kit_registry_registered{registry=\"memory\"}", 1.0),
        ("kit_registry_losses_total{registry=\"memory\"}", 0.0),
        ("kit_server_connections_total{server=\"http\"}", 1.0),
        ("kit_server_active_requests{server=\"http\"}", 0.0),
        (
            "kit_server_cuts_total{server=\"http\",kind=\"request\"}",
            0.0,
        ),
        (
            "kit_server_tls_handshake_failures_total{server=\"http\"}",
            0.0,
        ),
        (
            "kit_metrics_overflows_total{metric=\"orders_asked_total\"}",
            1.0,
        ),
    ] {
        assert_eq!(
            value_of(running, series),
            Some(value),
            "{series}\n{running}"
        );
    }
    assert!(value_of(running, "kit_app_start_duration_seconds").unwrap() > 0.0);
    assert_eq!(value_of(running, "kit_app_stop_duration_seconds"), None);
    assert_eq!(
        value_of(at_stop, "kit_app_stage{stage=\"lame_duck\"}"),
        Some(1.0)
    );
    assert_eq!(value_of(at_stop, "kit_app_ready"), Some(0.0));
    assert!(value_of(at_stop, "kit_app_stop_duration_seconds").unwrap() >= 0.0);
}

#[test]
fn promtool_refuses_a_page_that_is_wrong() {
    for page in [
        "# TYPE a gauge\na 1\n# TYPE a gauge\na 2\n",
        "a{b=\"c} 1\n",
        "# HELP a_total a\n# TYPE a_total gauge\na_total 1\n",
    ] {
        assert!(promtool(page).is_err(), "{page}");
    }
}
