//! The nearest peer of a tree of scopes: tokio-graceful-shutdown's nested subsystems.
//!
//! A subsystem is started in a task, so this is compared with scopes that are used in one, too.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use kit_sync::BoxError;
use tokio::sync::oneshot;
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};

use crate::scope::batches;
use crate::work::Done;

pub(crate) async fn start<F, W>(count: u64, depth: usize, work: W) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
    W: Fn() -> F + Copy + Send + Sync + 'static,
{
    let (took, measured) = oneshot::channel();
    Toplevel::new(async move |root: &mut SubsystemHandle| {
        let _ = took.send(below(root, count, depth, work).await);
    })
    .handle_shutdown_requests(Duration::from_secs(3600))
    .await
    .expect("no subsystem fails");
    measured.await.expect("it was measured")
}

/// Goes down until the tasks are `depth` below the root, and measures there.
fn below<F, W>(
    handle: &SubsystemHandle,
    count: u64,
    depth: usize,
    work: W,
) -> Pin<Box<dyn Future<Output = Duration> + Send + '_>>
where
    F: Future<Output = Done> + Send + 'static,
    W: Fn() -> F + Copy + Send + Sync + 'static,
{
    Box::pin(async move {
        if depth <= 1 {
            return batches_in(handle, count, work).await;
        }
        let (took, measured) = oneshot::channel();
        let level = SubsystemBuilder::new("below", async move |handle: &mut SubsystemHandle| {
            let _ = took.send(below(handle, count, depth - 1, work).await);
            Ok::<(), BoxError>(())
        });
        handle.start(level);
        measured.await.expect("it was measured")
    })
}

async fn batches_in<F, W>(handle: &SubsystemHandle, count: u64, work: W) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
    W: Fn() -> F + Copy + Send + Sync + 'static,
{
    let start = Instant::now();
    for batch in batches(count) {
        let started: Vec<_> = (0..batch)
            .map(|_| {
                let task = async move |_: &mut SubsystemHandle| work().await;
                handle.start(SubsystemBuilder::new("task", task))
            })
            .collect();
        for subsystem in started {
            subsystem.join().await.expect("no subsystem fails");
        }
    }
    start.elapsed()
}
