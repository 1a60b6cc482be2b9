//! Many tasks, of which at most [`LIMIT`] run at once: a spawn waits for a place.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kit_sync::Group;
use tokio::sync::Semaphore;

use crate::work::Done;

/// As in the program in Go.
const LIMIT: usize = 64;

pub(crate) async fn group<F>(count: u64, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
{
    let start = Instant::now();
    let mut group = Group::bounded(LIMIT);
    for _ in 0..count {
        group.spawn(work()).await;
    }
    group.wait().await.expect("no task fails");
    start.elapsed()
}

/// The usual way without a group: a task for each, which holds a permit.
pub(crate) async fn semaphore<F>(count: u64, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
{
    let start = Instant::now();
    let places = Arc::new(Semaphore::new(LIMIT));
    for _ in 0..count {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.expect("it is not closed");
        let work = work();
        tokio::spawn(async move {
            let done = work.await;
            drop(place);
            done
        });
    }
    let all = u32::try_from(LIMIT).expect("a small limit");
    let _all = places.acquire_many(all).await.expect("it is not closed");
    start.elapsed()
}
