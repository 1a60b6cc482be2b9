//! A service of Kratos, as Kit finds it.

use axum::http::HeaderMap;
use interop::{Kratos, Status, Version, ask};
use kit::registry::ServiceInstance;

use super::server::Server;
use super::view::{View, seen};

const NAME: &str = "kratos";

/// It comes, is called at what was found, is registered again with a change, and leaves at a SIGTERM.
pub(super) async fn kratos_is_seen_coming_changing_and_leaving(server: &Server, version: Version) {
    let kit = View::open(server);
    let mut watch = kit.watch(NAME).await;
    let first = seen(&mut watch, "the first list", |_| true).await;
    assert!(first.instances.is_empty() && first.is_fresh(), "{first:?}");

    let mut kratos = Kratos::start_in(version, &server.url()).await;
    let come = seen(&mut watch, "it coming", |seen| !seen.instances.is_empty()).await;
    let [instance] = &*come.instances else {
        panic!("{come:?}");
    };
    assert_eq!(instance.id(), kratos.id());
    let mut schemes = Vec::new();
    for endpoint in instance.endpoints() {
        let url = format!(
            "{}://{}:{}",
            endpoint.scheme(),
            endpoint.host(),
            endpoint.port()
        );
        let answer = ask(&url, "Relay", HeaderMap::new(), &Status::default()).await;
        answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        schemes.push(endpoint.scheme());
    }
    schemes.sort_unstable();
    assert_eq!(schemes, ["grpc", "http"]);

    let changed = instance
        .to_builder()
        .version("v2")
        .metadata("k", "v")
        .build();
    let changed = changed.expect("a valid instance");
    kratos.register(std::slice::from_ref(&changed)).await;
    // In Consul, Kratos takes an entry away before it writes it again.
    let is_changed = |instances: &[std::sync::Arc<ServiceInstance>]| {
        instances.iter().any(|instance| **instance == changed)
    };
    let seen_changed = seen(&mut watch, "its change", |seen| is_changed(&seen.instances)).await;
    assert_eq!(seen_changed.instances.len(), 1, "{seen_changed:?}");

    kratos.terminate().await;
    let left = seen(&mut watch, "it leaving", |seen| seen.instances.is_empty()).await;
    assert!(left.is_fresh(), "{left:?}");
    drop(watch);
    kit.close().await;
}
