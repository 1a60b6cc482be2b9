use std::collections::VecDeque;
use std::future::pending;
use std::sync::Mutex;

use kit_sync::TaskTree;

use super::*;
use crate::{Freshness, ServiceInstance};

/// A revision and ids, or a failure.
type Look = Option<(u64, &'static [&'static str])>;

struct Scripted {
    /// After the last one no look is answered.
    looks: Mutex<VecDeque<Look>>,
    /// The revision of `last` at each look.
    known: Mutex<Vec<Option<u64>>>,
}

#[async_trait]
impl Lists for Scripted {
    async fn list(&self, service: &ServiceName, last: Option<Snapshot>) -> Result<Snapshot, Error> {
        let known = last.as_ref().map(|last| last.revision);
        kit_sync::lock(&self.known).push(known);
        let look = kit_sync::lock(&self.looks).pop_front();
        let (revision, ids) = match look {
            Some(Some(found)) => found,
            Some(None) => return Err(Error::unreachable("list n", "scripted", "no route")),
            None => pending().await,
        };
        if let Some(last) = last.filter(|last| last.revision == revision) {
            return Ok(last);
        }
        let instance = |id: &&str| {
            let instance = ServiceInstance::builder(*id, service.as_str());
            Arc::new(instance.build().unwrap())
        };
        Ok(Snapshot::fresh(
            ids.iter().map(instance).collect::<Vec<_>>(),
            revision,
        ))
    }
}

#[tokio::test(start_paused = true)]
async fn changes_failures_and_recoveries_are_published_and_nothing_else() {
    let lists = Arc::new(Scripted {
        looks: Mutex::new(VecDeque::from([
            Some((7, &["1"][..])),
            Some((7, &["1"][..])),
            // Another revision of the same instances.
            Some((8, &["1"][..])),
            Some((9, &["1", "2"][..])),
            None,
            None,
            Some((9, &["1", "2"][..])),
            // A store that was wiped.
            Some((1, &[][..])),
        ])),
        known: Mutex::default(),
    });
    let tree = TaskTree::new("test");
    let pause = Duration::from_secs(1);
    let discovery = PolledDiscovery::new(Arc::clone(&lists), pause, tree.scope().clone());
    let mut watch = discovery.watch(&"n".parse().unwrap()).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let next = watch.next().await.unwrap();
        seen.push((next.revision, next.instances.len(), next.is_fresh()));
    }
    let expected = [
        (7, 1, true),
        (9, 2, true),
        // The second failure has the same cause.
        (9, 2, false),
        (10, 2, true),
        (11, 0, true),
    ];
    assert_eq!(seen, expected);
    // The next look is not answered.
    let silent = watch.next().await.unwrap();
    assert!(
        matches!(&silent.freshness, Freshness::Stale { why, .. }
            if **why == *"cannot watch n: no answer from the registry within 15s"),
        "{silent:?}"
    );
    let known = kit_sync::lock(&lists.known).clone();
    let expected = [
        None,
        Some(7),
        Some(7),
        Some(8),
        Some(9),
        None,
        None,
        Some(9),
    ];
    assert_eq!(known[..8], expected);
}

/// Panics at each other call.
struct Unlucky(Mutex<u64>);

#[async_trait]
impl Lists for Unlucky {
    async fn list(&self, _: &ServiceName, _: Option<Snapshot>) -> Result<Snapshot, Error> {
        let revision = {
            let mut calls = kit_sync::lock(&self.0);
            *calls += 1;
            *calls
        };
        assert!(!revision.is_multiple_of(2), "no luck");
        Ok(Snapshot::fresh(Vec::new(), revision))
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_panics_makes_the_last_one_stale_and_is_asked_for_again() {
    let tree = TaskTree::new("test");
    let lists = Arc::new(Unlucky(Mutex::new(0)));
    let discovery = PolledDiscovery::new(lists, Duration::from_secs(1), tree.scope().clone());
    let service = "n".parse().unwrap();
    let mut watch = discovery.watch(&service).await.unwrap();
    for _ in 0..2 {
        assert!(watch.next().await.unwrap().is_fresh());
        let stale = watch.next().await.unwrap();
        let Freshness::Stale { why, .. } = &stale.freshness else {
            panic!("{stale:?}");
        };
        assert_eq!(**why, *"cannot watch n: the backend panicked: no luck");
    }
}
