//! Places for tasks that can be aborted.

use slab::Slab;
use tokio::task::AbortHandle;

/// The live tasks of one owner. A place is taken before its task is spawned, because a task may
/// end before its spawn has returned; a serial number keeps a late [`fill`](Self::fill) from
/// reaching the place's next holder.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    places: Slab<Place>,
    taken: u64,
}

#[derive(Debug)]
struct Place {
    serial: u64,
    abort: Option<AbortHandle>,
}

/// One place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    key: usize,
    serial: u64,
}

impl Slots {
    pub(crate) fn insert(&mut self) -> Slot {
        self.taken += 1;
        let serial = self.taken;
        Slot {
            key: self.places.insert(Place {
                serial,
                abort: None,
            }),
            serial,
        }
    }

    pub(crate) fn fill(&mut self, slot: Slot, abort: AbortHandle) {
        if let Some(place) = self
            .places
            .get_mut(slot.key)
            .filter(|place| place.serial == slot.serial)
        {
            place.abort = Some(abort);
        }
    }

    /// Frees the place. Called once for each slot, by its holder.
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.places.remove(slot.key);
    }

    pub(crate) fn abort_handles(&self) -> Vec<AbortHandle> {
        self.places
            .iter()
            .filter_map(|(_, place)| place.abort.clone())
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }
}
