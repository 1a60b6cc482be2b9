//! The log of a run, in which everything is written down where it happens.

use std::sync::{Arc, Mutex};

use kit_app::AppHandle;
use tokio::time::Instant;

use crate::recording::{Act, Entry, Part, Point, Seen, Sight};

/// The log of a run. Clones write into the same one.
#[derive(Clone)]
pub(crate) struct Log(Arc<LogShared>);

struct LogShared {
    begun: Instant,
    handle: Mutex<Option<AppHandle>>,
    entries: Mutex<Vec<Entry>>,
    /// Points that have begun and not ended.
    open: Mutex<Vec<(Part, Point)>>,
}

impl Log {
    pub(crate) fn new() -> Log {
        Log(Arc::new(LogShared {
            begun: Instant::now(),
            handle: Mutex::default(),
            entries: Mutex::default(),
            open: Mutex::default(),
        }))
    }

    /// From here on each entry says whether the app is ready.
    pub(crate) fn follow(&self, handle: AppHandle) {
        *kit_sync::lock(&self.0.handle) = Some(handle);
    }

    /// The run is over. The app holds this log by its observer, so neither would ever be freed.
    pub(crate) fn release(&self) {
        *kit_sync::lock(&self.0.handle) = None;
    }

    pub(crate) fn add(&self, seen: Seen) {
        let handle = kit_sync::lock(&self.0.handle).clone();
        let handle = handle.filter(|_| shows_stop(&seen));
        let entry = Entry {
            at: self.0.begun.elapsed(),
            is_ready: handle.as_ref().map(AppHandle::is_ready),
            seen,
        };
        kit_sync::lock(&self.0.entries).push(entry);
    }

    /// Writes down that something begins. The value writes down its end.
    pub(crate) fn begin(&self, part: Part, point: Point) -> Open {
        kit_sync::lock(&self.0.open).push((part, point));
        let open = Open {
            log: self.clone(),
            part,
            point,
            act: Act::IsCut,
        };
        open.see(Act::Begins);
        open
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        kit_sync::lock(&self.0.entries).clone()
    }

    pub(crate) fn left(&self) -> Vec<(Part, Point)> {
        kit_sync::lock(&self.0.open).clone()
    }
}

/// Whether a stop may be visible here, and so readiness is asked for. Everywhere it would take half of the time.
fn shows_stop(seen: &Seen) -> bool {
    match seen {
        Seen::Event(_) | Seen::Interruption(_) | Seen::Returned => true,
        Seen::Sight(sight) => sight.act == Act::SeesCancel || sight.point == Point::Deregister,
    }
}

/// Something that has begun, and is cut unless it says how it ends.
pub(crate) struct Open {
    log: Log,
    pub(crate) part: Part,
    pub(crate) point: Point,
    act: Act,
}

impl Open {
    pub(crate) fn see(&self, act: Act) {
        let Open { part, point, .. } = *self;
        self.log.add(Seen::Sight(Sight { part, point, act }));
    }

    /// It has ended so.
    pub(crate) fn end(mut self, act: Act) {
        self.act = act;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = kit_sync::lock(&self.log.0.open);
        let this = (self.part, self.point);
        if let Some(index) = open.iter().position(|open| *open == this) {
            open.swap_remove(index);
        }
        drop(open);
        self.see(self.act);
    }
}
