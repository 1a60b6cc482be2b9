//! Cases about one call: what `register` and `deregister` do to the list.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::case::{Case, changed, until};
use crate::ServiceInstance;

pub(super) async fn a_registered_instance_is_listed_as_it_is(case: &Case<'_>) {
    let instance = ServiceInstance::builder("id 1 <&>", case.service.as_str())
        .version("v1.2.3")
        .metadata("zone", "sh001")
        .metadata("ünïcode", "\u{2028}\"quoted\"\n")
        .endpoint("http://127.0.0.1:8000".parse().expect("an endpoint"))
        .endpoint("grpc://[::1]:9000".parse().expect("an endpoint"))
        .build()
        .expect("a valid instance");
    assert!(case.list().await.is_empty(), "a list before: not empty");
    case.register(&instance).await;
    case.register(&case.instance("2")).await;
    let seen = case.list().await;
    assert_eq!(seen.len(), 2, "two instances: {seen:?}");
    let found = seen.iter().find(|found| found.id() == instance.id());
    assert_eq!(found.map(|found| &**found), Some(&instance));
}

pub(super) async fn registering_again_changes_nothing_or_replaces(case: &Case<'_>) {
    let instance = case.instance("1");
    case.register(&instance).await;
    case.register(&instance).await;
    assert_eq!(*case.only().await, instance, "registered twice");
    let changed = changed(&instance);
    case.register(&changed).await;
    assert_eq!(*case.only().await, changed, "registered with a change");
}

pub(super) async fn deregistering_takes_away_and_may_be_repeated(case: &Case<'_>) {
    let instance = case.instance("1");
    case.register(&instance).await;
    case.deregister(&instance).await;
    assert!(case.list().await.is_empty(), "still listed");
    case.deregister(&instance).await;
    case.register(&instance).await;
    assert_eq!(*case.only().await, instance, "registered after that");
}

pub(super) async fn what_was_never_registered_is_deregistered_at_once(case: &Case<'_>) {
    let begun = Instant::now();
    case.deregister(&case.instance("1")).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(500), "took {took:?}");
}

pub(super) async fn an_instance_of_another_id_is_left_alone(case: &Case<'_>) {
    let stays = case.instance("1");
    let goes = case.instance("11");
    case.register(&stays).await;
    case.register(&goes).await;
    case.deregister(&goes).await;
    assert_eq!(*case.only().await, stays);
}

/// The names of services of which one begins as the other, by a letter or by a character that sorts
/// before or after the separator of a key.
pub(super) async fn a_service_does_not_see_another_whose_name_begins_the_same(case: &Case<'_>) {
    let mine = case.instance("1");
    case.register(&mine).await;
    for more in ["world", "-world", ".world", " world", "0", "~", "%2f"] {
        let longer = ServiceInstance::builder("2", format!("{}{more}", case.service));
        let longer = longer.build().expect("a valid instance");
        case.register(&longer).await;
        assert_eq!(*case.only().await, mine, "beside a service {longer}");
        let seen = case.list_of(longer.name()).await;
        assert_eq!(seen.len(), 1, "the instances of {longer}: {seen:?}");
        case.deregister(&longer).await;
        assert_eq!(*case.only().await, mine, "after {longer} has left");
    }
}

/// In the order of the bytes of ids, also in what a watch shows.
pub(super) async fn instances_come_in_the_order_of_their_ids(case: &Case<'_>) {
    let mut ids = ["b", "10", "é", "9", "a", "B", "-", "~"];
    let mut watch = case.watch().await;
    for id in ids {
        case.register(&case.instance(id)).await;
    }
    ids.sort_unstable();
    let of = |list: &[Arc<ServiceInstance>]| -> Vec<String> {
        list.iter().map(|one| one.id().to_owned()).collect()
    };
    assert_eq!(of(&case.list().await), ids, "the ids of a list");
    let seen = until(&mut watch, "all of them", |s| {
        s.instances.len() == ids.len()
    })
    .await;
    assert_eq!(of(&seen.instances), ids, "the ids that a watch shows");
}
