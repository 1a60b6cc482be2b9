//! Many instances of both, which come, change and leave at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use interop::{Kratos, Version};
use kit::registry::{Registration, ServiceInstance};

use super::server::Server;
use super::view::{LIMIT, View, seen, unordered};

const NAME: &str = "crowd";
/// Of each side.
const EACH: usize = 100;
/// Changes of each instance.
const ROUNDS: usize = 5;

/// After all of 200 have come, changed together, and a quarter has left, Kit and Kratos see the same.
pub(super) async fn views_of_200_instances_agree_after_a_churn(server: &Server, version: Version) {
    let kit = View::open(server);
    let mut watch = kit.watch(NAME).await;
    let mut kratos = Kratos::start_in(version, &server.unchecked_url()).await;
    kratos.watch(NAME).await;

    let begun = theirs(0);
    let (registrations, ()) = tokio::join!(come(&kit), kratos.register(&begun));
    let all = seen(&mut watch, "all", |seen| seen.instances.len() == 2 * EACH).await;
    let all_of_kratos = kratos.view("all", |view| view.len() == 2 * EACH).await;
    let expected = [ours(0, |id| server.id_for_kratos(NAME, id)), begun].concat();
    assert_eq!(unordered(&all_of_kratos), unordered(&expected));
    let expected = [ours(0, str::to_owned), theirs(0)].concat();
    assert_eq!(as_seen(&all.instances), unordered(&expected));

    tokio::join!(churn(&registrations), churn_of_kratos(&mut kratos));

    let mine = remaining([ours(ROUNDS, str::to_owned), theirs(ROUNDS)]);
    let is_last = |instances: &[Arc<ServiceInstance>]| as_seen(instances) == mine;
    let last = seen(&mut watch, "the last list", |seen| is_last(&seen.instances)).await;
    assert!(last.is_fresh(), "{last:?}");
    let listed = kit.list(NAME).await;
    assert_eq!(as_seen(&listed), mine);
    let of_kratos = remaining([
        ours(ROUNDS, |id| server.id_for_kratos(NAME, id)),
        theirs(ROUNDS),
    ]);
    let is_last = |view: &[ServiceInstance]| unordered(view) == of_kratos;
    kratos.view("the last list", is_last).await;
    let listed = kratos.list(NAME).await.expect("a list");
    assert_eq!(unordered(&listed), of_kratos);

    for registration in &registrations {
        registration.deregister().await.expect("deregistered");
    }
    let only_theirs = remaining([theirs(ROUNDS)]);
    let is_theirs = |view: &[ServiceInstance]| unordered(view) == only_theirs;
    kratos.view("those of Kratos alone", is_theirs).await;
    drop((watch, registrations));
    kratos.terminate().await;
    kit.close().await;
}

/// Registers those of Kit, all at once.
async fn come(kit: &View) -> Vec<Registration> {
    let scope = kit.tree.scope().child("registrations");
    let spawn =
        |instance| Registration::spawn(&scope, Arc::clone(&kit.backend.registrar), instance);
    let begun = ours(0, str::to_owned).into_iter();
    let registrations: Vec<_> = begun.map(spawn).collect();
    for registration in &registrations {
        registration.first(LIMIT).await.expect("registered");
    }
    registrations
}

/// Changes each in every round, without waiting for one to be shown; in the middle a quarter leaves.
async fn churn(registrations: &[Registration]) {
    for round in 1..=ROUNDS {
        for (index, instance) in ours(round, str::to_owned).into_iter().enumerate() {
            if !leaves(index) || round <= ROUNDS / 2 {
                registrations[index].update(instance).expect("a change");
            } else {
                let left = registrations[index].deregister().await;
                left.expect("deregistered");
            }
        }
        tokio::task::yield_now().await;
    }
}

async fn churn_of_kratos(kratos: &mut Kratos) {
    for round in 1..=ROUNDS {
        let (leaving, staying): (Vec<_>, Vec<_>) = (theirs(round).into_iter().enumerate())
            .partition(|(index, _)| leaves(*index) && round > ROUNDS / 2);
        kratos.register(&without_index(staying)).await;
        kratos.deregister(&without_index(leaving)).await;
    }
}

fn without_index(instances: Vec<(usize, ServiceInstance)>) -> Vec<ServiceInstance> {
    let instances = instances.into_iter();
    instances.map(|(_, instance)| instance).collect()
}

/// A quarter of each side.
fn leaves(index: usize) -> bool {
    index % 4 == 3
}

/// The instances of Kit in a round, with the ids under which one of the sides sees them.
fn ours(round: usize, id_of: impl Fn(&str) -> String) -> Vec<ServiceInstance> {
    let id = |index| id_of(&format!("kit-{index}"));
    (0..EACH)
        .map(|index| instance(&id(index), index, round))
        .collect()
}

fn theirs(round: usize) -> Vec<ServiceInstance> {
    let id = |index| format!("kratos-{index}");
    (0..EACH)
        .map(|index| instance(&id(index), index, round))
        .collect()
}

fn instance(id: &str, index: usize, round: usize) -> ServiceInstance {
    let endpoint = |url: String| url.parse().expect("an endpoint");
    ServiceInstance::builder(id, NAME)
        .version(format!("v{round}"))
        .metadata("round", round.to_string())
        .endpoint(endpoint(format!("http://10.0.0.{index}:8000")))
        .endpoint(endpoint(format!("grpc://10.0.0.{index}:9000")))
        .build()
        .expect("a valid instance")
}

/// The instances of these sides that the churn leaves.
fn remaining<const N: usize>(sides: [Vec<ServiceInstance>; N]) -> BTreeSet<String> {
    let left = sides.iter().flat_map(|side| {
        let indexed = side.iter().enumerate();
        indexed.filter(|(index, _)| !leaves(*index))
    });
    unordered(left.map(|(_, instance)| instance))
}

fn as_seen(instances: &[Arc<ServiceInstance>]) -> BTreeSet<String> {
    unordered(instances.iter().map(|instance| &**instance))
}
