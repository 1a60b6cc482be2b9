//! A loop for a thread that acts once in each interval until a future is ready.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Calls `look` once in each interval, and whenever the thread is unparked, until `end` is ready.
pub(crate) fn until(end: impl Future<Output = ()>, interval: Duration, mut look: impl FnMut()) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut end = pin!(end);
    while end.as_mut().poll(&mut context).is_pending() {
        look();
        thread::park_timeout(interval);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "such a thread goes by the system's clock: the runtime's may stand still"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
