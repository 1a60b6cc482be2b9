//! Lines of one place in the source that come too often.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use tracing::callsite::Identifier;
use tracing::{Level, Metadata};

use super::options::RepeatOptions;

/// Targets whose lines are never held back: those of the lifecycle, the access log, and the records of the
/// crate `log`, which have one place for all of them.
const NEVER: [&str; 3] = ["kit_app", "kit::access", "log"];

/// Counts the warnings and errors of each place.
#[derive(Debug)]
pub(super) struct Repeat {
    lines: u32,
    period: Duration,
    places: Mutex<HashMap<Identifier, CallPlace>>,
}

#[derive(Debug)]
struct CallPlace {
    metadata: &'static Metadata<'static>,
    begun: Instant,
    written: u32,
    held_back: u64,
}

/// The lines that were held back of one place.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) lines: u64,
}

/// Whether a line is written.
#[derive(Debug)]
pub(super) enum Admission {
    Write,
    /// After a line about those that were held back in the period before.
    WriteAfter(Held),
    HoldBack,
}

impl Repeat {
    pub(super) fn new(options: &RepeatOptions) -> Repeat {
        Repeat {
            lines: options.lines,
            period: options.period,
            places: Mutex::default(),
        }
    }

    pub(super) fn admit(&self, metadata: &'static Metadata<'static>) -> Admission {
        if self.lines == 0 || *metadata.level() > Level::WARN || is_never(metadata.target()) {
            return Admission::Write;
        }
        let now = Instant::now();
        let mut places = kit_sync::lock(&self.places);
        let place = places
            .entry(metadata.callsite())
            .or_insert_with(|| CallPlace {
                metadata,
                begun: now,
                written: 0,
                held_back: 0,
            });
        if now.duration_since(place.begun) >= self.period {
            let held = place.take(now);
            place.written = 1;
            return held.map_or(Admission::Write, Admission::WriteAfter);
        }
        if place.written < self.lines {
            place.written += 1;
            return Admission::Write;
        }
        place.held_back += 1;
        Admission::HoldBack
    }

    /// The lines that were held back of places whose period is over, or of all of them.
    pub(super) fn take_over(&self, is_last: bool) -> Vec<Held> {
        let now = Instant::now();
        let mut places = kit_sync::lock(&self.places);
        let is_over =
            |place: &&mut CallPlace| is_last || now.duration_since(place.begun) >= self.period;
        let over = places.values_mut().filter(|place| place.held_back > 0);
        over.filter(is_over)
            .filter_map(|place| place.take(now))
            .collect()
    }
}

impl CallPlace {
    /// Begins a period, and gives what was held back in the one before.
    fn take(&mut self, now: Instant) -> Option<Held> {
        let lines = std::mem::take(&mut self.held_back);
        self.begun = now;
        self.written = 0;
        let metadata = self.metadata;
        (lines > 0).then_some(Held { metadata, lines })
    }
}

fn is_never(target: &str) -> bool {
    NEVER.iter().any(|never| {
        let rest = target.strip_prefix(never);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}
