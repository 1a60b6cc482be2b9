//! The places for requests that are served at once, and the queue before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of one limit.
///
/// tokio's semaphore gives places in the order of asking, and a place that comes free while requests wait
/// is the first one's: no request that comes later takes it. The number of those that wait is its own
/// count, because a semaphore has no bound for them. Its accesses are relaxed: it guards no other memory.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    max: usize,
    waiting: AtomicUsize,
}

/// One request is served.
pub(super) type ServedPlace = OwnedSemaphorePermit;

impl Places {
    pub(super) fn new(max: usize) -> Places {
        let max = max.min(Semaphore::MAX_PERMITS);
        Places {
            free: Arc::new(Semaphore::new(max)),
            max,
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<ServedPlace> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// A place among the `most` that wait, if one is free.
    pub(super) fn queue(self: &Arc<Places>, most: usize) -> Option<QueuedPlace> {
        let add = |waiting| (waiting < most).then_some(waiting + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let added = self.waiting.fetch_update(set, fetch, add);
        added.is_ok().then(|| QueuedPlace(Arc::clone(self)))
    }

    pub(super) fn served(&self) -> usize {
        self.max - self.free.available_permits()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// One request waits.
pub(super) struct QueuedPlace(Arc<Places>);

impl QueuedPlace {
    /// Waits for its turn. When this is dropped, the place in the queue is free, and one that came in the
    /// same moment is the next request's.
    pub(super) async fn wait(self) -> ServedPlace {
        let free = Arc::clone(&self.0.free);
        match free.acquire_owned().await {
            Ok(place) => place,
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for QueuedPlace {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use kit_sync::{BoxError, Group};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn places_are_given_in_the_order_of_asking() {
        let places = Arc::new(Places::new(1));
        let first = places.take().expect("free");
        assert!(places.take().is_none());
        let mut second = pin!(places.queue(2).expect("room").wait());
        let mut third = pin!(places.queue(2).expect("room").wait());
        assert!(places.queue(2).is_none(), "the queue is full");
        let soon = Duration::from_millis(1);
        assert!(timeout(soon, &mut second).await.is_err());
        assert!(timeout(soon, &mut third).await.is_err());
        drop(first);
        assert!(places.take().is_none(), "it is the first one's that waits");
        assert!(timeout(soon, &mut third).await.is_err());
        let second = second.await;
        assert_eq!((places.served(), places.waiting()), (1, 1));
        drop(second);
        drop(third.await);
        assert_eq!((places.served(), places.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn a_request_that_has_gone_leaves_the_queue() {
        let places = Arc::new(Places::new(1));
        let first = places.take().expect("free");
        let mut gone = Box::pin(places.queue(1).expect("room").wait());
        assert!(timeout(Duration::from_millis(1), &mut gone).await.is_err());
        drop(first);
        // Its turn has come, and it does not look any more.
        drop(gone);
        assert_eq!((places.served(), places.waiting()), (0, 0));
        assert!(places.take().is_some());
    }

    /// 100 000 requests, of which many go while they wait or while they are served.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_place_is_lost_whenever_requests_go() {
        const TASKS: u64 = 50;
        let places = Arc::new(Places::new(7));
        let mut group = Group::<BoxError>::new();
        for task in 0..TASKS {
            let places = Arc::clone(&places);
            group.spawn(async move {
                let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(task + 1);
                for _ in 0..100_000 / TASKS {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let request = async {
                        let place = match places.take() {
                            Some(place) => place,
                            None => places.queue(20)?.wait().await,
                        };
                        assert!(places.served() <= 7 && places.waiting() <= 20);
                        for _ in 0..random % 3 {
                            tokio::task::yield_now().await;
                        }
                        drop(place);
                        Some(())
                    };
                    // A random number of polls, then the client goes.
                    let mut request = Box::pin(request);
                    for _ in 0..=random % 5 {
                        let polled = std::future::poll_fn(|cx| {
                            std::task::Poll::Ready(request.as_mut().poll(cx).is_ready())
                        });
                        if polled.await {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                }
                Ok(())
            });
        }
        group.wait().await.expect("no task fails");
        assert_eq!((places.served(), places.waiting()), (0, 0));
        let all: Vec<_> = (0..7).map_while(|_| places.take()).collect();
        assert_eq!(all.len(), 7);
    }
}
