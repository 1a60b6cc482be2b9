//! A case about many changes at once.

use std::sync::Arc;

use tokio::task::yield_now;

use super::case::{Case, until};
use crate::{Registrar, ServiceInstance};

const WATCHES: usize = 8;
const WRITERS: usize = 8;
const ROUNDS: usize = 20;

/// Instances come, change and leave at once; in the end all watches and the list agree, and show what
/// was written last.
pub(super) async fn concurrent_changes_end_in_one_view_for_all(case: &Case<'_>) {
    let mut watches = Vec::new();
    for _ in 0..WATCHES {
        watches.push(case.watch().await);
    }
    let other = case.another_view();
    watches.push(other.watch().await);
    let writers = case.tree.scope().child("writers");
    let writes: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let registrar = Arc::clone(&case.backend.registrar);
            let instances: Vec<_> = (0..ROUNDS)
                .map(|round| {
                    let instance = case.instance(&format!("{}-{}", writer, round % 3));
                    let instance = instance.to_builder().version(round.to_string()).build();
                    instance.expect("a valid instance")
                })
                .collect();
            writers.spawn(format!("writer-{writer}"), churn(registrar, instances))
        })
        .collect();
    for write in writes {
        write.await.expect("a writer ends");
    }

    let last = case.instance("last");
    case.register(&last).await;
    let list = case.list().await;
    // Of the rounds 17 to 19 each, without the one that has left.
    assert_eq!(list.len(), WRITERS * 2 + 1, "{list:?}");
    for (index, watch) in watches.iter_mut().enumerate() {
        let what = format!("the last list, by the watch {index},");
        until(watch, &what, |seen| seen.instances == list).await;
    }
    other.close().await;
}

/// Registers one after the other, and takes away each one of the third id again.
async fn churn(registrar: Arc<dyn Registrar>, instances: Vec<ServiceInstance>) {
    for instance in instances {
        registrar.register(&instance).await.expect("registered");
        if instance.id().ends_with("-2") {
            let gone = registrar.deregister(&instance).await;
            gone.expect("deregistered");
        }
        yield_now().await;
    }
}
