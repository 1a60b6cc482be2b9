//! The queue of ended spans, bounded in number and in bytes.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::tally::Tally;

/// A span that has ended, and the target under which it was made.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) target: &'static str,
    pub(super) span: Box<Span>,
    /// Its bytes; they are free again when it is dropped.
    _bytes: OwnedSemaphorePermit,
}

/// The end at which spans come in.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<Ended>,
    /// A permit is a byte of memory; those of spans that wait for their batch are taken.
    bytes: Arc<Semaphore>,
    /// How many bytes there are.
    most: usize,
    hurry: Arc<Notify>,
    tally: Arc<Tally>,
}

/// The end at which they go out.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) spans: mpsc::Receiver<Ended>,
    /// Half of the places or of the bytes are taken.
    pub(super) hurry: Arc<Notify>,
}

impl Queue {
    /// A queue with this number of places and of bytes.
    pub(super) fn new(places: usize, bytes: usize, tally: Arc<Tally>) -> (Queue, Outlet) {
        let (sender, spans) = mpsc::channel(places);
        let hurry = Arc::<Notify>::default();
        let queue = Queue {
            spans: sender,
            bytes: Arc::new(Semaphore::new(bytes)),
            most: bytes,
            hurry: Arc::clone(&hurry),
            tally,
        };
        (queue, Outlet { spans, hurry })
    }

    /// Takes a span of about these bytes in, or drops and counts it. Never blocks, and mostly wakes nothing: the
    /// exporter looks by itself, unless the places or the bytes become few.
    pub(super) fn offer(&self, target: &'static str, span: Box<Span>, bytes: usize) {
        self.tally.count_offered();
        if !self.take(target, span, bytes) {
            self.tally.count_refused();
        }
        let is_half_full = self.spans.capacity() <= self.spans.max_capacity() / 2;
        if is_half_full || self.bytes.available_permits() <= self.most / 2 {
            self.hurry.notify_one();
        }
    }

    fn take(&self, target: &'static str, span: Box<Span>, bytes: usize) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Ok(bytes) = Arc::clone(&self.bytes).try_acquire_many_owned(bytes) else {
            return false;
        };
        let ended = Ended {
            target,
            span,
            _bytes: bytes,
        };
        self.spans.try_send(ended).is_ok()
    }
}
