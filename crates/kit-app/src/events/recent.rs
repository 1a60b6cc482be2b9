//! The last events, for pages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::consumer::Stamped;
use crate::event::Event;

/// How many events are kept.
const KEPT: usize = 256;

/// The last events. Its lock is held for a few instructions, by whatever thread emits or reads.
#[derive(Default)]
pub(super) struct Recent(Mutex<VecDeque<Arc<Stamped>>>);

impl Recent {
    /// A tree of tasks that was asked for is not kept: it may be large.
    pub(super) fn push(&self, stamped: &Arc<Stamped>) {
        if matches!(stamped.event, Event::Dumped { .. }) {
            return;
        }
        let mut events = kit_sync::lock(&self.0);
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back(Arc::clone(stamped));
    }

    pub(super) fn all(&self) -> Vec<Arc<Stamped>> {
        kit_sync::lock(&self.0).iter().cloned().collect()
    }
}
