//! Routes and services that are built when their server starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use kit_sync::TaskTree;
use kit_transport::{Context, Lifecycle, Listening, Server, Values, grpc, http};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic_health::ServingStatus;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

/// What an app has opened.
#[derive(Clone)]
struct Pool(&'static str);

async fn pool(State(pool): State<Pool>) -> &'static str {
    pool.0
}

fn with_pool(ctx: Context) -> Context {
    let mut values = Values::new();
    values.insert_named("db", Pool("opened before."));
    ctx.with_app_values(values)
}

fn routes(ctx: &Context) -> Result<Router, kit_sync::BoxError> {
    let pool: Pool = ctx.get()?;
    Ok(Router::new().route("/", get(self::pool)).with_state(pool))
}

/// Starts a server that has no value of an app.
async fn start(server: &dyn Server) -> Result<Vec<Listening>, String> {
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child(server.name()), seen);
    let started = server.start(&ctx).await;
    started.map_err(|error| kit_sync::error_chain(&*error))
}

#[tokio::test]
async fn handlers_hold_what_the_app_has_opened() {
    let server = http::Server::from_fn(ANY_PORT, async |ctx| routes(&ctx));
    let server = Fixture::in_context(server, with_pool).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    client.read_to("opened before.").await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn services_hold_what_the_app_has_opened_and_more_can_be_added() {
    let services = async |ctx: Context| {
        ctx.get::<Pool>()?;
        Ok(grpc::Services::new())
    };
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("orders", ServingStatus::Serving)
        .await;
    // Health is there already: the one that is added comes twice.
    let twice = grpc::Server::from_fn(ANY_PORT, async |_| Ok(grpc::Services::new()));
    let twice = twice.service(health.clone()).service(health);
    assert_eq!(twice.check().map_err(|error| error.to_string()), Ok(()));
    let error = start(&twice).await.unwrap_err();
    assert_eq!(
        error,
        "gRPC service `grpc.health.v1.Health` was added twice: one server has each service once"
    );

    let server = grpc::Server::from_fn(ANY_PORT, services);
    let server = Fixture::in_context(server, with_pool).await;
    server.stop_within(PATIENCE).await.nothing_cut();
    let both = http::Server::from_fn(ANY_PORT, async |ctx| routes(&ctx)).grpc_from_fn(services);
    let both = Fixture::in_context(both, with_pool).await;
    assert_eq!(both.all.len(), 2, "http and grpc");
    both.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_function_that_fails_is_a_start_that_fails_and_nothing_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap();
    let missing = "could not build the routes: the app has no `servers::from_fn::Pool`: it has \
                   given its components nothing";
    let server = http::Server::from_fn(taken, async |ctx| routes(&ctx));
    // Not that the address is in use: it was not tried.
    assert_eq!(start(&server).await.unwrap_err(), missing);

    let server = http::Server::new(taken, Router::new());
    let server = server.grpc_from_fn(async |_| Err("no certificate".into()));
    let error = start(&server).await.unwrap_err();
    assert_eq!(error, "could not build the gRPC services: no certificate");

    let server = grpc::Server::from_fn(taken, async |_| Err("no certificate".into()));
    let server = server.reflection(&[]);
    let error = start(&server).await.unwrap_err();
    assert_eq!(error, "could not build the gRPC services: no certificate");
}

#[tokio::test]
async fn the_function_is_called_at_every_start() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = http::Server::from_fn(ANY_PORT, move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(Router::new()) }
    });
    for expected in 1..=2 {
        let started = Fixture::start(server.clone()).await;
        assert_eq!(calls.load(Ordering::Relaxed), expected);
        started.stop_within(PATIENCE).await.nothing_cut();
    }
}
