//! The difference between two lists of instances.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::ServiceInstance;

/// What became of the instances of one snapshot in another one; made by
/// [`Snapshot::diff`](super::Snapshot::diff). Each list is in the order of ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The instances that only the new one has.
    pub added: Vec<Arc<ServiceInstance>>,
    /// The instances that only the old one has.
    pub removed: Vec<Arc<ServiceInstance>>,
    /// The instances that both have, with different values.
    pub changed: Vec<Changed>,
}

/// An instance whose value has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// Its value in the old snapshot.
    pub before: Arc<ServiceInstance>,
    /// Its value in the new snapshot.
    pub after: Arc<ServiceInstance>,
}

impl Difference {
    /// Whether nothing was added, removed or changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Walks both lists, which are in the order of ids, side by side: the smaller of the two ids in front
/// stands in one list alone. Instances that both snapshots share are not looked into.
pub(super) fn between(old: &[Arc<ServiceInstance>], new: &[Arc<ServiceInstance>]) -> Difference {
    let mut difference = Difference::default();
    if std::ptr::eq(old, new) {
        return difference;
    }
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(before), Some(after)) if Arc::ptr_eq(before, after) => Ordering::Equal,
            (Some(before), Some(after)) => before.id().cmp(after.id()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return difference,
        };
        let before = old.next_if(|_| order.is_le());
        let after = new.next_if(|_| order.is_ge());
        match (before.cloned(), after.cloned()) {
            (Some(before), Some(after)) => {
                if !Arc::ptr_eq(&before, &after) && before != after {
                    difference.changed.push(Changed { before, after });
                }
            }
            (Some(before), None) => difference.removed.push(before),
            (None, Some(after)) => difference.added.push(after),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Snapshot;
    use super::*;

    fn instance(id: u32, version: &str) -> Arc<ServiceInstance> {
        let instance = ServiceInstance::builder(id.to_string(), "n").version(version);
        Arc::new(instance.build().unwrap())
    }

    /// A snapshot in which the instance `n` is there when bit `2 n` is set, in the version that bit
    /// `2 n + 1` is.
    fn snapshot(bits: u32) -> Snapshot {
        let there = (0..3).filter(|n| bits >> (2 * n) & 1 == 1);
        let instances = there.map(|n| instance(n, &(bits >> (2 * n + 1) & 1).to_string()));
        Snapshot::fresh(instances.collect::<Vec<_>>(), 0)
    }

    #[test]
    fn every_difference_leads_from_the_old_to_the_new() {
        for (from, to) in (0..64).flat_map(|from| (0..64).map(move |to| (from, to))) {
            let (old, new) = (snapshot(from), snapshot(to));
            let difference = new.diff(&old);
            let mut rebuilt: Vec<_> = old.instances.to_vec();
            rebuilt.retain(|one| !difference.removed.contains(one));
            for Changed { before, after } in &difference.changed {
                assert_ne!(before, after);
                let at = rebuilt.iter().position(|one| one == before);
                rebuilt[at.expect("it was there before")] = Arc::clone(after);
            }
            for added in &difference.added {
                assert!(old.instances.iter().all(|one| one.id() != added.id()));
            }
            rebuilt.extend(difference.added.iter().cloned());
            assert_eq!(Snapshot::fresh(rebuilt, 0).instances, new.instances);
            assert_eq!(difference.is_empty(), old.instances == new.instances);
        }
    }

    #[test]
    fn each_list_is_in_the_order_of_ids() {
        let many = |version| (0..20).map(|n| instance(n, version)).collect::<Vec<_>>();
        let (none, one, two) = (Vec::new(), many("1"), many("2"));
        let [none, one, two] = [none, one, two].map(|all| Snapshot::fresh(all, 0));
        assert_eq!(*one.diff(&none).added, *one.instances);
        assert_eq!(*none.diff(&one).removed, *one.instances);
        let changed = two.diff(&one).changed;
        let before: Vec<_> = changed.iter().map(|c| Arc::clone(&c.before)).collect();
        let after: Vec<_> = changed.iter().map(|c| Arc::clone(&c.after)).collect();
        assert_eq!((&*before, &*after), (&*one.instances, &*two.instances));
    }
}
