//! How events reach their consumers: numbered where they are emitted, delivered elsewhere.
//!
//! Nothing of the lifecycle waits for a consumer. Each one has a bounded queue and its own
//! thread, so that a log whose pipe is full, or an observer that hangs, holds up neither the
//! lifecycle nor another consumer.

mod consumer;
mod queue;
mod recent;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::Scope;
use tokio::time::Instant;

pub use consumer::{Delivery, Stamped, Undelivered};
pub(crate) use consumer::{LOG, Observer, is_delivering};
pub(crate) use queue::current_subscriber;
use queue::{Ends, Queue};
use recent::Recent;

use crate::event::Event;

/// Where events are emitted.
pub(crate) struct Events {
    /// The number of the last event. Held while an event goes into the queues, so that all have
    /// the same order.
    last: Mutex<u64>,
    recent: Recent,
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
            recent: Recent::default(),
            consumers,
        }
    }

    /// Whether events are delivered where they are emitted: the app has no threads then.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.consumers, Consumers::Inline(_))
    }

    /// Waits for no consumer, unless delivery is inline.
    pub(crate) fn emit(&self, event: Event) {
        let mut last = kit_sync::lock(&self.last);
        *last += 1;
        let stamped = Arc::new(Stamped {
            number: *last,
            at: Instant::now(),
            event,
        });
        self.recent.push(&stamped);
        match &self.consumers {
            Consumers::Inline(observers) => {
                observers
                    .iter()
                    .for_each(|observer| observer.deliver(&stamped));
            }
            Consumers::Queued { queues, .. } => {
                queues.iter().for_each(|queue| queue.push(&stamped));
            }
        }
    }

    /// The last events, the oldest first.
    pub(crate) fn recent(&self) -> Vec<Arc<Stamped>> {
        self.recent.all()
    }

    /// For each consumer, the events so far that its queue had no room for. Inline, none is dropped.
    pub(crate) fn dropped(&self) -> Vec<Undelivered> {
        match &self.consumers {
            Consumers::Inline(_) => Vec::new(),
            Consumers::Queued { queues, .. } => {
                queues.iter().map(|queue| queue.dropped()).collect()
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

    /// Gives the consumers until `limit` by the system's clock to take what was emitted so far.
    pub(crate) async fn catch_up(&self, scope: &Scope, limit: Duration) {
        let Consumers::Queued { queues, .. } = &self.consumers else {
            return;
        };
        if queues.iter().all(|queue| queue.is_idle()) {
            return;
        }
        let queues = queues.clone();
        let share = limit / u32::try_from(queues.len()).unwrap_or(u32::MAX);
        let waiting = scope.spawn_thread("events so far", move |_token| {
            queues.iter().for_each(|queue| queue.wait_until_idle(share));
        });
        if let Ok(waiting) = waiting {
            // A thread that only waits does not fail.
            let _ = waiting.await;
        }
    }

    /// Nothing is emitted any more: the threads end once their queues are empty.
    pub(crate) fn close(&self) {
        if let Consumers::Queued { queues, .. } = &self.consumers {
            queues.iter().for_each(|queue| queue.close());
        }
    }

    /// Closes, gives the consumers until `limit` by the system's clock to empty their queues, and
    /// returns the counts of events that they did not take. A thread waits, because the runtime's clock may
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

#[cfg(test)]
mod tests;
