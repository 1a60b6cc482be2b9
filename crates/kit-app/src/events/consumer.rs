//! The consumers of events: the log and observers.

#[cfg(feature = "serde")]
mod written;

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use crate::event::Event;
use crate::plural::plural;

/// The name of the consumer that writes the log.
pub(crate) const LOG: &str = "log";

/// An event with its place in the app's life.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stamped {
    /// Counts the events of this app, from 1. A gap means that the consumer's queue was full and
    /// that events were dropped.
    pub number: u64,
    /// When it was emitted, which may be long before it is delivered.
    pub at: Instant,
    /// The event.
    pub event: Event,
}

/// How [events](Event) are delivered to the log and to
/// [observers](crate::AppBuilder::observer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Delivery {
    /// Each consumer has a queue of this capacity and its own thread, which takes from it.
    /// When the queue is full its oldest event is dropped, and counted in
    /// [`Report::undelivered`](crate::Report::undelivered). The default, with 1 024 events.
    Queued {
        /// How many events wait for one consumer at most; less than 1 counts as 1.
        capacity: usize,
    },
    /// Where it is emitted, before the lifecycle goes on; the app has no threads then. For
    /// tests on a paused clock, in which a timeout on another thread's work elapses at once,
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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Undelivered {
    /// The consumer: `log`, or where the observer was added.
    pub consumer: String,
    /// How many.
    pub events: u64,
}

impl Undelivered {
    /// Whether the log has missed them.
    pub(crate) fn is_of_log(&self) -> bool {
        self.consumer == LOG
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undelivered { consumer, events } = self;
        let events = plural(*events, "event");
        write!(f, "{consumer} did not take {events}")
    }
}

/// What a consumer does with an event.
type Observe = Box<dyn Fn(&Stamped) + Send + Sync>;

/// A consumer, by name.
pub(crate) struct Observer {
    pub(crate) name: String,
    pub(crate) observe: Observe,
}

impl Observer {
    /// Calls it. A panic is caught: a broken consumer changes neither the lifecycle nor what
    /// another consumer gets.
    pub(super) fn deliver(&self, stamped: &Stamped) {
        let outer = DELIVERS.replace(true);
        let _ = catch_unwind(AssertUnwindSafe(|| (self.observe)(stamped)));
        DELIVERS.set(outer);
    }
}

thread_local! {
    /// Whether this thread is in a consumer. A panic there comes again with each event.
    static DELIVERS: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a consumer of events.
pub(crate) fn is_delivering() -> bool {
    DELIVERS.get()
}
