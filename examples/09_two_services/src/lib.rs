//! Two services that find each other, with nothing installed: `orders` asks `prices`, and `prices` asks `orders`.
//!
//! ```text
//! cargo run -p two_services --bin prices -- --registry local:/tmp/shop
//! cargo run -p two_services --bin orders -- --registry local:/tmp/shop --listen 127.0.0.1:8000
//! curl -X POST http://127.0.0.1:8000/orders/tea
//! ```
//!
//! Start more of either, stop one, kill one: each call goes to an instance that the registry shows at that moment.
//! All that etcd changes is `--registry etcd://127.0.0.1:2379`.

use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::{Router, http::StatusCode};
use clap::Parser;
use hyper::rt::Executor;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use kit::registry::{ServiceInstance, Watch};
use kit::sync::{Ending, Scope};
use kit::{ApiError, App, AppHandle, BoxError, Context, Listen, http};

#[derive(Parser)]
struct Args {
    /// Where the instances are found: `local:/path`, or `etcd://host:2379`.
    #[arg(long)]
    registry: String,
    /// Where this one listens; port 0 takes a free one, which the registry shows.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: Listen,
}

/// Runs the service `name`, whose routes call the service `peer`.
pub fn serve(name: &str, peer: &'static str, routes: Router<Peers>) -> std::process::ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let Args { registry, listen } = Args::parse();
    let routes = move |ctx: Context| {
        let routes = routes.clone();
        async move { Ok(routes.with_state(ctx.get()?)) }
    };
    App::builder(name)
        .registry(registry)
        .resource("peers", move |ctx| Peers::open(ctx, peer), async |_| Ok(()))
        .server(http::Server::from_fn(listen, routes))
        .build()
        .main()
}

/// A client that takes the instances of another service in turn.
#[derive(Clone, Debug)]
pub struct Peers {
    watch: Arc<Watch>,
    turn: Arc<AtomicUsize>,
    client: Client<HttpConnector, Body>,
}

impl Peers {
    /// The service need not be there yet: each of the two starts without the other.
    async fn open(ctx: Context, service: &str) -> Result<Peers, BoxError> {
        let registry = ctx.get::<AppHandle>()?.registries().remove(0);
        Ok(Peers {
            watch: Arc::new(registry.discovery.watch(&service.parse()?).await?),
            turn: Arc::default(),
            client: Client::builder(Tasks(ctx.scope().clone())).build_http(),
        })
    }

    /// The answer to a `GET`. Where an instance does not answer, the next one is asked: one that was killed is in
    /// the registry until its entry runs out.
    ///
    /// # Errors
    /// When no instance has answered.
    pub async fn get(&self, path: &str) -> Result<String, ApiError> {
        let instances = &self.watch.latest()?.instances;
        let (count, turn) = (instances.len(), self.turn.fetch_add(1, Relaxed));
        for instance in (0..count).map(|at| &instances[(turn + at) % count]) {
            match self.ask(instance, path).await {
                Ok(answer) => return Ok(answer),
                Err(error) => tracing::warn!(%instance, error, "no answer"),
            }
        }
        let why = format!("none of {count} instances answers");
        Err(ApiError::unavailable("NO_INSTANCE", why))
    }

    async fn ask(&self, instance: &ServiceInstance, path: &str) -> Result<String, BoxError> {
        let http = instance.endpoints().first().ok_or("no endpoint")?;
        let asking = async {
            let uri = format!("http://{}{path}", http.authority()).parse()?;
            let answer = self.client.get(uri).await?.map(Body::new);
            if answer.status() != StatusCode::OK {
                return Err(BoxError::from(answer.status().to_string()));
            }
            let body = to_bytes(answer.into_body(), 1 << 16).await?;
            Ok(String::from_utf8(body.into())?)
        };
        tokio::time::timeout(Duration::from_secs(2), asking).await?
    }
}

/// Connections of the client are tasks of the resource, and end with it.
#[derive(Clone)]
struct Tasks(Scope);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, connection: F) {
        self.0.spawn_as("http", Ending::MayBeDropped, connection);
    }
}
