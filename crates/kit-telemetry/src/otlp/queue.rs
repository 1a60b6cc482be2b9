//! The bounded queue of ended spans.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::sync::{Notify, mpsc};

use super::tally::Tally;

/// A span that has ended, and the target under which it was made.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) target: &'static str,
    pub(super) span: Box<Span>,
}

/// The end at which spans come in.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<Ended>,
    hurry: Arc<Notify>,
    tally: Arc<Tally>,
}

/// The end at which they go out.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) spans: mpsc::Receiver<Ended>,
    /// Half of the places are taken.
    pub(super) hurry: Arc<Notify>,
}

impl Queue {
    /// A queue with this number of places.
    pub(super) fn new(places: usize, tally: Arc<Tally>) -> (Queue, Outlet) {
        let (sender, spans) = mpsc::channel(places);
        let hurry = Arc::<Notify>::default();
        let queue = Queue {
            spans: sender,
            hurry: Arc::clone(&hurry),
            tally,
        };
        (queue, Outlet { spans, hurry })
    }

    /// Takes a span in, or drops and counts it. Never blocks, and mostly wakes nothing: the exporter looks by
    /// itself, unless the places become few.
    pub(super) fn offer(&self, ended: Ended) {
        self.tally.count_offered();
        if self.spans.try_send(ended).is_err() {
            self.tally.count_refused();
        }
        if self.spans.capacity() <= self.spans.max_capacity() / 2 {
            self.hurry.notify_one();
        }
    }
}
