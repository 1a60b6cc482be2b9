//! The span of a request, which its layers share.

use std::sync::Mutex;

use tracing::Span;

/// The one span of a request, from the first layer that needs it to the end of that layer's part.
#[derive(Debug, Default)]
pub(crate) struct SpanSlot(Mutex<SlotState>);

#[derive(Debug, Default)]
enum SlotState {
    #[default]
    None,
    Open(Span),
    Ended,
}

impl SpanSlot {
    /// Puts the span in that `open` makes, if there was none; gives it then.
    pub(super) fn open(&self, open: impl FnOnce() -> Span) -> Option<Span> {
        if !matches!(*kit_sync::lock(&self.0), SlotState::None) {
            return None;
        }
        // Not under the lock. The layers of a request are called one after the other.
        let span = open();
        *kit_sync::lock(&self.0) = SlotState::Open(span.clone());
        Some(span)
    }

    /// The span, while it is open.
    pub(crate) fn get(&self) -> Span {
        match &*kit_sync::lock(&self.0) {
            SlotState::Open(span) => span.clone(),
            SlotState::None | SlotState::Ended => Span::none(),
        }
    }

    /// The part of the layer that has opened it is over. A task that holds the facts of the request
    /// does not keep the span open.
    pub(super) fn end(&self) {
        let ended = std::mem::replace(&mut *kit_sync::lock(&self.0), SlotState::Ended);
        drop(ended);
    }
}
