//! Resident memory of a task that waits.
//!
//! Tokio aligns a task's cell to 128 bytes and so rounds its size up: the bytes of a wrapper are free
//! for a future of one size and cost 128 bytes for one of another. So the tasks are futures of
//! sixteen sizes, eight bytes apart, which is one such period; the average is what it costs.

use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use kit_sync::{Scope, TaskTree};

use crate::measure::one_thread;

/// The sizes of [`one_of_each_size`].
const SIZES: u64 = 16;

/// A parent on which tasks are spawned.
trait Owner {
    fn start(&self, future: impl Future<Output = ()> + Send + 'static);
}

struct Tokio;
struct Named(Scope);
struct Tracked(Scope);

impl Owner for Tokio {
    fn start(&self, future: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(future);
    }
}

impl Owner for Named {
    fn start(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn("task", future);
    }
}

impl Owner for Tracked {
    fn start(&self, future: impl Future<Output = ()> + Send + 'static) {
        assert!(self.0.track(future).is_ok(), "the tree is open");
    }
}

pub(crate) fn tokio(count: u64) -> f64 {
    bytes(count, |_| Tokio)
}

pub(crate) fn spawn(count: u64) -> f64 {
    bytes(count, |scope| Named(scope.clone()))
}

pub(crate) fn track(count: u64) -> f64 {
    bytes(count, |scope| Tracked(scope.clone()))
}

/// Bytes for each of `count` tasks that have been polled and wait.
fn bytes<O: Owner>(count: u64, owner: impl Fn(&Scope) -> O) -> f64 {
    let rounds = count / SIZES;
    let runtime = one_thread();
    runtime.block_on(async {
        // Alive until all is measured: its end would abort the tasks.
        let tree = TaskTree::new("bench");
        let owner = owner(tree.scope());
        one_of_each_size(&owner);
        settle().await;
        let before = resident();
        for _ in 0..rounds {
            one_of_each_size(&owner);
            settle().await;
        }
        (resident() - before) / (rounds * SIZES) as f64
    })
}

fn one_of_each_size(owner: &impl Owner) {
    owner.start(Idle([1; 1]));
    owner.start(Idle([1; 2]));
    owner.start(Idle([1; 3]));
    owner.start(Idle([1; 4]));
    owner.start(Idle([1; 5]));
    owner.start(Idle([1; 6]));
    owner.start(Idle([1; 7]));
    owner.start(Idle([1; 8]));
    owner.start(Idle([1; 9]));
    owner.start(Idle([1; 10]));
    owner.start(Idle([1; 11]));
    owner.start(Idle([1; 12]));
    owner.start(Idle([1; 13]));
    owner.start(Idle([1; 14]));
    owner.start(Idle([1; 15]));
    owner.start(Idle([1; 16]));
}

/// A future of `WORDS` words that never ends.
struct Idle<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Future for Idle<WORDS> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        std::hint::black_box(&self.0);
        Poll::Pending
    }
}

/// Lets the one thread poll the new tasks; it comes back to the caller after that.
async fn settle() {
    tokio::task::yield_now().await;
}

/// Bytes of this process that are in memory.
fn resident() -> f64 {
    // Summed over the pages when it is read; the counters in `statm` lag behind.
    let text = fs::read_to_string("/proc/self/smaps_rollup").expect("Linux shows what is resident");
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix(" kB"))
        .and_then(|kilobytes| kilobytes.parse::<f64>().ok())
        .expect("a line `Rss: N kB`");
    kilobytes * 1024.0
}
