//! Where runners run, and who looks after them.

#[cfg(not(kit_loom))]
pub(super) use real::Runtime;
#[cfg(kit_loom)]
pub(super) use stand_in::Runtime;

#[cfg(not(kit_loom))]
mod real {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::sync::Mutex;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use tokio::runtime::{Handle, RuntimeFlavor};
    use tokio::task::coop::unconstrained;
    use tokio::time::{Instant, Sleep, sleep};

    use super::super::runner::Runner;
    use crate::sync::lock;

    const PERIOD: Duration = Duration::from_millis(1);

    pub(in super::super) struct Runtime {
        handle: Handle,
        threads: usize,
        /// Only where one thread can do something about another.
        watch: Option<Watch>,
    }

    struct Watch {
        sleep: Mutex<Pin<Box<Sleep>>>,
        waker: Waker,
    }

    impl Runtime {
        /// `lookout` makes who is woken by the watch.
        pub(in super::super) fn current(lookout: impl FnOnce() -> Waker) -> Runtime {
            let handle = Handle::current();
            let has_threads = handle.runtime_flavor() != RuntimeFlavor::CurrentThread;
            Runtime {
                threads: handle.metrics().num_workers(),
                handle,
                watch: has_threads.then(|| Watch {
                    sleep: Mutex::new(Box::pin(sleep(PERIOD))),
                    waker: lookout(),
                }),
            }
        }

        pub(in super::super) fn start<E: Send + 'static>(&self, runner: Runner<E>) {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is where a bounded group's runners start"
            )]
            self.handle.spawn(runner);
        }

        pub(in super::super) fn threads(&self) -> usize {
            self.threads
        }

        /// Whether tasks run on threads of their own.
        pub(in super::super) fn has_threads(&self) -> bool {
            self.watch.is_some()
        }

        /// Wakes the lookout after a period; gives whether that is now.
        pub(in super::super) fn arm(&self) -> bool {
            let Some(watch) = &self.watch else {
                return false;
            };
            let mut sleep = lock(&watch.sleep);
            sleep.as_mut().reset(Instant::now() + PERIOD);
            let sleep = pin!(unconstrained(sleep.as_mut()));
            sleep
                .poll(&mut Context::from_waker(&watch.waker))
                .is_ready()
        }
    }
}

#[cfg(kit_loom)]
mod stand_in {
    use std::task::Waker;

    use super::super::runner::Runner;

    /// Threads of loom. They hold nobody up, so nobody watches.
    pub(in super::super) struct Runtime;

    impl Runtime {
        pub(in super::super) fn current(_lookout: impl FnOnce() -> Waker) -> Runtime {
            Runtime
        }

        pub(in super::super) fn start<E: Send + 'static>(&self, runner: Runner<E>) {
            loom::thread::spawn(move || loom::future::block_on(runner));
        }

        pub(in super::super) fn threads(&self) -> usize {
            1
        }

        pub(in super::super) fn has_threads(&self) -> bool {
            false
        }

        pub(in super::super) fn arm(&self) -> bool {
            false
        }
    }
}
