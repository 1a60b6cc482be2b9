//! Ids: those of Kratos stand in Consul as they are, those of Kit have the service's name before them.

use std::sync::Arc;

use interop::{Kratos, Version};
use kit::registry::{Registration, ServiceInstance, Snapshot};

use super::server::Server;
use super::view::{LIMIT, View, seen};

const NAME: &str = "ids";

/// In etcd the newest owns the id until it leaves; in Consul both are there and Kratos sees both, while a view
/// of Kit has one instance of an id. An id of Kratos that looks like one of Kit is read as it is.
pub(super) async fn instances_of_one_id_and_one_that_looks_like_kit(
    server: &Server,
    version: Version,
) {
    let kit = View::open(server);
    let mut watch = kit.watch(NAME).await;
    let mut kratos = Kratos::start_in(version, &server.unchecked_url()).await;
    kratos.watch(NAME).await;
    let scope = kit.tree.scope().child("registration");
    let registrar = Arc::clone(&kit.backend.registrar);
    let registration = Registration::spawn(&scope, registrar, instance("same", "kit"));
    registration.first(LIMIT).await.expect("registered");
    let alone = [("same", "kit")];
    seen(&mut watch, "that of Kit", |seen| pairs(seen) == alone).await;

    let theirs = [instance("same", "kratos"), instance("ids:own", "kratos")];
    kratos.register(&theirs).await;
    let newest = [("ids:own", "kratos"), ("same", "kratos")];
    let of_kit = server.id_for_kratos(NAME, "same");
    let mut for_kratos = newest.to_vec();
    if let Server::Consul(_) = server {
        for_kratos.insert(1, (&of_kit, "kit"));
    }
    seen(&mut watch, "those of Kratos", |seen| pairs(seen) == newest).await;
    let are_both = |view: &[ServiceInstance]| sorted(view.iter()) == for_kratos;
    kratos.view("those of both", are_both).await;

    kratos.deregister(&theirs).await;
    seen(&mut watch, "that of Kit again", |seen| pairs(seen) == alone).await;
    registration.deregister().await.expect("deregistered");
    seen(&mut watch, "nothing", |seen| seen.instances.is_empty()).await;
    drop((watch, registration));
    kratos.terminate().await;
    kit.close().await;
}

fn instance(id: &str, version: &str) -> ServiceInstance {
    let instance = ServiceInstance::builder(id, NAME).version(version);
    let endpoint = "http://10.0.0.7:8000".parse().expect("an endpoint");
    instance.endpoint(endpoint).build().expect("an instance")
}

fn pairs(seen: &Snapshot) -> Vec<(&str, &str)> {
    sorted(seen.instances.iter().map(|instance| &**instance))
}

/// Ids and versions.
fn sorted<'a>(instances: impl Iterator<Item = &'a ServiceInstance>) -> Vec<(&'a str, &'a str)> {
    let pair = |instance: &'a ServiceInstance| (instance.id(), instance.version());
    let mut pairs: Vec<_> = instances.map(pair).collect();
    pairs.sort_unstable();
    pairs
}
