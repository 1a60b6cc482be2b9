//! Cases about names, sizes and numbers at their edges.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::Scope;
use tokio::time::timeout;

use super::case::{Case, LIMIT, next, until};
use crate::{Backend, Error, MAX_METADATA, ServiceInstance, Snapshot, Watch};

/// Names that are valid, and that keys, paths, file names, URLs or queries may take for something else.
const NAMES: [&str; 22] = [
    ".",
    "..",
    "~",
    "-",
    "--help",
    " ",
    " a ",
    "a b",
    "a_b",
    "a%20b",
    "a+b",
    "%",
    "%00",
    "?a=b&c",
    "#",
    "a:b",
    "a\\b",
    "\"'`$(a)",
    "*",
    "ﬀ",
    "日本語 🦀",
    "e\u{301}",
];

pub(super) async fn valid_names_are_kept_apart_whatever_they_hold(case: &Case<'_>) {
    // Those that differ by case, by accents written in two ways, and by their end alone.
    let long = "x".repeat(300);
    let more = ["A", "a", "é", &long, &format!("{long}y")].map(str::to_owned);
    let names: Vec<String> = NAMES.map(str::to_owned).into_iter().chain(more).collect();
    let all: Vec<_> = names.iter().map(|name| case.instance(name)).collect();
    for instance in &all {
        case.register(instance).await;
    }
    let seen = case.list().await;
    for instance in &all {
        let found = seen.iter().filter(|found| found.id() == instance.id());
        assert_eq!(
            found.count(),
            1,
            "instances with the id {:?}",
            instance.id()
        );
    }
    assert_eq!(seen.len(), all.len(), "all instances");
    for instance in &all {
        case.deregister(instance).await;
    }
    assert!(case.list().await.is_empty(), "still listed");

    for name in &names {
        let service = format!("{}{name}", case.service);
        let instance = ServiceInstance::builder(name, service);
        let instance = instance.build().expect("a valid instance");
        case.register(&instance).await;
        let seen = case.list_of(instance.name()).await;
        assert_eq!(*seen, [Arc::new(instance.clone())], "the service {name:?}");
        case.deregister(&instance).await;
    }
}

/// A backend with a lower limit refuses it, and shows what was there before.
pub(super) async fn metadata_of_a_mebibyte_is_shown_whole_or_refused(case: &Case<'_>) {
    let small = case.instance("1");
    case.register(&small).await;
    let mut watch = case.watch().await;
    until(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    // {"k":"…"}
    let value = "x".repeat(MAX_METADATA - 8);
    let large = small.to_builder().metadata("k", value).build();
    let large = large.expect("metadata of the largest size");
    let registered = timeout(LIMIT, case.backend.registrar.register(&large)).await;
    match registered.expect("an answer in time") {
        Ok(()) => {
            let listed = case.only().await;
            assert!(*listed == large, "a large instance is listed as another");
            let is_large = |s: &Snapshot| s.instances.first().is_some_and(|i| **i == large);
            until(&mut watch, "a large instance", is_large).await;
        }
        Err(Error::Unreachable { .. } | Error::NoAnswer { .. }) => {
            panic!("a value that is too large is no matter of the network")
        }
        Err(error) => {
            tracing::info!(error = %error.chain(), "refused");
            assert!(*case.only().await == small, "after a refusal");
        }
    }
    case.deregister(&large).await;
    assert!(case.list().await.is_empty(), "still listed");
}

/// Registers `count` instances, of which each is listed and watched, changes one and takes all away.
///
/// A part of the suite that takes time: each of the instances is written and taken away once. Entries
/// are not kept alive here, so a backend whose entries run out is to be opened with a time that is long
/// enough, such as five minutes.
///
/// # Panics
/// When the backend breaks a promise, which the message names.
pub async fn crowd<F>(count: usize, open: F)
where
    F: Fn(&Scope) -> Backend,
{
    let case = Case::new("crowd", &open);
    let all: Vec<_> = (0..count).map(|n| case.instance(&n.to_string())).collect();
    let mut early = case.watch().await;
    next(&mut early).await;
    case.of_all(&all, |one| case.backend.registrar.register(one))
        .await;
    assert_eq!(case.list().await.len(), count, "instances of a list");
    let mut late = case.watch().await;
    for watch in [&mut early, &mut late] {
        until_large(watch, count).await;
    }
    let changed = all[count / 2].to_builder().version("changed").build();
    let changed = changed.expect("a valid instance");
    case.register(&changed).await;
    for watch in [&mut early, &mut late] {
        until(watch, "the change of one", |seen| {
            seen.instances.iter().any(|one| **one == changed)
        })
        .await;
    }
    case.of_all(&all, |one| case.backend.registrar.deregister(one))
        .await;
    assert!(case.list().await.is_empty(), "still listed");
    until_large(&mut late, 0).await;
    case.close().await;
}

/// The list may be long, and is no part of the message.
async fn until_large(watch: &mut Watch, count: usize) {
    let mut last = 0;
    let seen = timeout(Duration::from_secs(60), async {
        while last != count || count == 0 {
            last = watch.next().await.expect("an open watch").instances.len();
            if last == count {
                return;
            }
        }
    });
    let is_seen = seen.await.is_ok();
    assert!(is_seen, "a watch shows {last} instances of {count}");
}
