//! Where runners run, and who looks after them.

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep};

use super::runner::Runner;
use crate::panic::catch;
use crate::sync::lock;

/// How often the watch looks.
const PERIOD: Duration = Duration::from_millis(1);

/// How many places are given back at once: rarely enough that front and back do not fight for
/// them, and often enough that whoever waits in `block_on` gets one in time.
pub(super) const BUNDLE: RangeInclusive<usize> = 1..=16;

/// How often a thread that waits in `block_on` looks for a place, and how long it waits in
/// between: some microseconds in all.
pub(super) const PATIENCE: usize = 4;
pub(super) const WHILE: usize = 64;

/// How long a runner lingers: a few microseconds.
pub(super) const MOMENT: usize = 96;
/// How long it waits for more when something came: less than a microsecond.
pub(super) const BREATH: usize = 16;

pub(super) struct Runtime {
    handle: Handle,
    threads: usize,
    /// Only where one thread can do something about another.
    watch: Option<Watch>,
    ended: AtomicBool,
}

struct Watch {
    sleep: Mutex<Pin<Box<Sleep>>>,
    waker: Waker,
}

impl Runtime {
    /// `lookout` makes who is woken by the watch.
    pub(super) fn current(lookout: impl FnOnce() -> Waker) -> Runtime {
        let handle = Handle::current();
        let has_threads = handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
        Runtime {
            threads: handle.metrics().num_workers(),
            handle,
            ended: AtomicBool::new(false),
            watch: has_threads.then(|| Watch {
                sleep: Mutex::new(Box::pin(sleep(PERIOD))),
                waker: lookout(),
            }),
        }
    }

    pub(super) fn start<E: Send + 'static>(&self, runner: Runner<E>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where a bounded group's runners start"
        )]
        self.handle.spawn(runner);
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Whether tasks run on threads of their own.
    pub(super) fn has_threads(&self) -> bool {
        self.watch.is_some()
    }

    /// The runtime has dropped a runner, so it is about to end.
    pub(super) fn has_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Wakes the lookout after a period; gives whether that is now.
    pub(super) fn arm(&self) -> bool {
        let Some(watch) = &self.watch else {
            return false;
        };
        // A timer panics when its runtime has ended. Caught is what ends just now.
        if self.ended.load(Ordering::Acquire) {
            return false;
        }
        let armed = catch(|| {
            let mut sleep = lock(&watch.sleep);
            sleep.as_mut().reset(Instant::now() + PERIOD);
            let sleep = pin!(unconstrained(sleep.as_mut()));
            sleep.poll(&mut Context::from_waker(&watch.waker))
        });
        armed.is_ok_and(|polled| polled.is_ready())
    }
}
