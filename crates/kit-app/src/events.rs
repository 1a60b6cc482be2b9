//! How events reach their consumers: numbered where they are emitted, delivered elsewhere.
//!
//! Nothing of the lifecycle waits for a consumer. Each one has a bounded queue and a thread of its
//! own, so that a log whose pipe is full, or an observer that hangs, holds up neither the
//! lifecycle nor another consumer.

mod queue;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::Scope;
use tokio::time::Instant;

use crate::Event;
use queue::{Ends, Queue};

/// An event with its place in the app's life.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stamped {
    /// Counts the events of this app, from 1. A gap means that the consumer's queue was full and
    /// that events were dropped.
    pub number: u64,
    /// When it was emitted, which may be long before it is delivered.
    pub at: Instant,
    /// What happened.
    pub event: Event,
}

/// How [events](Event) are delivered to the log and to
/// [observers](crate::AppBuilder::observer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Each consumer has a queue of so many events and a thread of its own that takes from it.
    /// When the queue is full its oldest event is dropped, and counted in
    /// [`Report::undelivered`](crate::Report::undelivered). The default, with 1 024 events.
    Queued {
        /// How many events wait for one consumer at most; less than 1 counts as 1.
        capacity: usize,
    },
    /// Where it is emitted, before the lifecycle goes on; the app has no thread of its own. For
    /// tests on a paused clock, in which a timeout on what another thread does elapses at once,
    /// and for simulators. A consumer that blocks holds up the whole app.
    Inline,
}

impl Default for Delivery {
    fn default() -> Delivery {
        Delivery::Queued { capacity: 1024 }
    }
}

/// Events that a consumer did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undelivered {
    /// The consumer: `log`, or where the observer was added.
    pub consumer: String,
    /// How many.
    pub events: u64,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undelivered { consumer, events } = self;
        write!(f, "{consumer} did not take {events} event(s)")
    }
}

/// What a consumer does with an event.
pub(crate) type Observe = Box<dyn Fn(&Stamped) + Send + Sync>;

/// A consumer before its app is built.
pub(crate) struct Observer {
    pub(crate) name: String,
    pub(crate) observe: Observe,
}

/// Where events are emitted.
pub(crate) struct Events {
    /// The number of the last event. Held while an event goes into the queues, so that all have
    /// the same order.
    last: Mutex<u64>,
    consumers: Consumers,
}

enum Consumers {
    Inline(Vec<Observer>),
    Queued {
        queues: Vec<Arc<Queue>>,
        ends: Arc<Ends>,
    },
}

impl Events {
    pub(crate) fn new(delivery: Delivery, observers: Vec<Observer>) -> Events {
        let consumers = match delivery {
            Delivery::Inline => Consumers::Inline(observers),
            Delivery::Queued { capacity } => Consumers::Queued {
                queues: observers
                    .into_iter()
                    .map(|observer| Arc::new(Queue::new(observer, capacity.max(1))))
                    .collect(),
                ends: Arc::default(),
            },
        };
        Events {
            last: Mutex::default(),
            consumers,
        }
    }

    /// Whether the app may have threads of its own.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.consumers, Consumers::Inline(_))
    }

    /// Waits for no consumer, unless delivery is inline.
    pub(crate) fn emit(&self, event: Event) {
        let mut last = kit_sync::lock(&self.last);
        *last += 1;
        let stamped = Stamped {
            number: *last,
            at: Instant::now(),
            event,
        };
        match &self.consumers {
            Consumers::Inline(observers) => {
                observers
                    .iter()
                    .for_each(|observer| observer.take(&stamped));
            }
            Consumers::Queued { queues, .. } => {
                let stamped = Arc::new(stamped);
                queues.iter().for_each(|queue| queue.push(&stamped));
            }
        }
    }

    /// Starts the threads that deliver, in `scope`. Without a thread a consumer gets nothing, and
    /// the report says so.
    pub(crate) fn start(&self, scope: &Scope) -> std::io::Result<()> {
        let Consumers::Queued { queues, ends } = &self.consumers else {
            return Ok(());
        };
        queues.iter().try_for_each(|queue| queue.start(scope, ends))
    }

    /// Nothing is emitted any more: the threads end once their queues are empty.
    pub(crate) fn close(&self) {
        if let Consumers::Queued { queues, .. } = &self.consumers {
            queues.iter().for_each(|queue| queue.close());
        }
    }

    /// Closes, gives the consumers until `limit` by the system's clock for what is still queued,
    /// and says what they did not take. The waiting is a thread's, because the runtime's clock may
    /// be paused and then passes at once.
    pub(crate) async fn flush(&self, scope: &Scope, limit: Duration) -> Vec<Undelivered> {
        self.close();
        let Consumers::Queued { queues, ends } = &self.consumers else {
            return Vec::new();
        };
        if !ends.is_reached() {
            let ends = Arc::clone(ends);
            let waiting = scope.spawn_thread("flush", move |_token| ends.wait(limit));
            if let Ok(waiting) = waiting {
                // A thread that only waits does not fail.
                let _ = waiting.await;
            }
        }
        queues
            .iter()
            .filter_map(|queue| queue.undelivered())
            .collect()
    }
}

impl Observer {
    /// A consumer that panics is no reason for the lifecycle, nor for another consumer, to go on
    /// differently.
    fn take(&self, stamped: &Stamped) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.observe)(stamped)));
    }
}

#[cfg(test)]
mod tests;
