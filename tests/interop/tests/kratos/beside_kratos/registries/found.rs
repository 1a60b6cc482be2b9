//! Kit's service, as a client of Kratos finds it.

use std::collections::BTreeSet;

use interop::{Kratos, Version};
use kit::registry::{Endpoint, ServiceInstance};

use super::helloworld::{Helloworld, NAME};
use super::server::Server;
use super::view::View;

const SCHEMES: [&str; 2] = ["http", "grpc"];

/// Two instances of helloworld come, are called by both protocols, and leave at a SIGTERM, during which
/// no call fails.
pub(super) async fn helloworld_is_found_called_and_seen_leaving(server: &Server, version: Version) {
    let mut kratos = Kratos::start_in(version, &server.url()).await;
    kratos.watch(NAME).await;
    let mut first = Helloworld::start(&server.url(), "a").await;
    let view = kratos.view("the first", |view| view.len() == 1).await;
    assert_eq!(ids(&view), [server.id_for_kratos(NAME, "a")]);
    assert_eq!(view[0].version(), env!("CARGO_PKG_VERSION"));
    assert_eq!(view[0].metadata()["language"], "rust");
    let endpoints = view[0].endpoints().iter().map(Endpoint::to_string);
    assert_eq!(endpoints.collect::<BTreeSet<_>>(), first.endpoints());
    greet(&mut kratos).await;

    let second = Helloworld::start(&server.url(), "b").await;
    kratos.view("both", |view| view.len() == 2).await;
    greet(&mut kratos).await;
    first.terminate();
    while !first.ended() {
        greet(&mut kratos).await;
    }
    let only = server.id_for_kratos(NAME, "b");
    let view = kratos.view("the second", |view| view.len() == 1).await;
    assert_eq!(ids(&view), [only.as_str()]);
    greet(&mut kratos).await;

    second.terminate();
    second.end().await;
    if server.is_last_seen_leaving() {
        kratos.view("an empty list", <[_]>::is_empty).await;
        assert_eq!(kratos.list(NAME).await, Ok(Vec::new()));
    } else {
        last_one_is_never_seen_leaving(server, &mut kratos, &only).await;
    }
    kratos.stop().await;
}

/// Kratos keeps its list when that of Consul becomes empty, until another instance comes.
async fn last_one_is_never_seen_leaving(server: &Server, kratos: &mut Kratos, last: &str) {
    let kit = View::open(server);
    assert_eq!(kit.list(NAME).await, Vec::new());
    let kept = kratos.list(NAME).await.expect("the list that it has kept");
    assert_eq!(ids(&kept), [last]);
    let next = Helloworld::start(&server.url(), "c").await;
    let next_id = server.id_for_kratos(NAME, "c");
    let is_next = |view: &[ServiceInstance]| ids(view) == [next_id.as_str()];
    kratos.view("the next one alone", is_next).await;
    assert!(kratos.views().iter().all(|view| !view.is_empty()));
    greet(kratos).await;
    next.terminate();
    next.end().await;
    kit.close().await;
}

async fn greet(kratos: &mut Kratos) {
    for scheme in SCHEMES {
        assert_eq!(kratos.greet(scheme, NAME).await, "Hello kratos", "{scheme}");
    }
}

fn ids(view: &[ServiceInstance]) -> Vec<&str> {
    view.iter().map(ServiceInstance::id).collect()
}
