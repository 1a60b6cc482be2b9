//! The running requests of one connection.

use std::num::NonZeroU64;
use std::task::Waker;
use std::time::Duration;

use http::Method;
use http::uri::PathAndQuery;
use tokio::time::Instant;

use crate::connection::clock::after;
use crate::{Address, Cut};

/// Names one request of one connection. A place is used again, its serial number is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    place: usize,
    serial: u64,
}

/// An errand's number has a connection's above so many bits, and a request's in them: two requests of
/// one connection that have the same there are never in flight together.
const SERIAL_BITS: u32 = 24;
const FIRST: NonZeroU64 = NonZeroU64::new(1 << SERIAL_BITS).expect("not zero");

impl Key {
    /// The number of what this request's handler does, on the connection of this number from 1.
    pub(crate) fn errand(self, connection: NonZeroU64) -> NonZeroU64 {
        let low = self.serial & ((1 << SERIAL_BITS) - 1);
        connection.saturating_mul(FIRST).saturating_add(low)
    }

    /// Names no request: serial numbers begin with 1.
    pub(crate) fn none() -> Key {
        Key {
            place: 0,
            serial: 0,
        }
    }
}

/// What is expected of a response when the server drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To end by itself.
    Request,
    /// To end when told, by its handler's doing.
    Stream,
    /// Server-sent events: to be ended for its handler.
    Events,
}

/// How long a request may take, from its start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    /// To the head of its response.
    pub(crate) head: Option<Duration>,
    /// To the end of its response's body.
    pub(crate) whole: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Running {
    serial: u64,
    method: Method,
    path: Option<PathAndQuery>,
    started: Instant,
    allowed: Allowed,
    has_head: bool,
    pub(crate) kind: Kind,
    /// Given up, and counted as cut.
    pub(crate) cut: bool,
    /// The limit that has passed.
    pub(crate) timed_out: Option<Duration>,
    /// Who waits for the head, or for the next part of a body that can be told to end.
    pub(crate) waiter: Option<Waker>,
    /// On HTTP/2: there is more of the body, and it is for the client to make room for it.
    awaits_client: bool,
    /// Since when that is so, as far as anybody has looked.
    awaits_since: Option<Instant>,
}

impl Running {
    /// How a person would call it: `GET /orders/7 from 10.0.0.7:41000, 1.2 s`.
    pub(crate) fn name(&self, from: &Address, now: Instant) -> String {
        let path = self.path.as_ref().map_or("*", PathAndQuery::path);
        let age = now.saturating_duration_since(self.started).as_secs_f32();
        format!("{} {path} from {from}, {age:.1} s", self.method)
    }

    pub(crate) fn has_head(&mut self) {
        self.has_head = true;
        // What is allowed now is another time.
        self.timed_out = None;
    }

    /// By when what is waited for must be there. A request that nobody has waited for is ready
    /// at every poll, or runs: there is nobody to be told.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiter.as_ref()?;
        Some(after(self.started, self.allowed()?))
    }

    fn allowed(&self) -> Option<Duration> {
        if self.has_head {
            self.allowed.whole
        } else {
            self.allowed.head
        }
    }

    pub(crate) fn awaits_client(&mut self, awaits: bool) {
        self.awaits_client = awaits;
        self.awaits_since = None;
    }

    pub(crate) fn what(&self) -> Cut {
        if self.kind == Kind::Request {
            Cut::Request
        } else {
            Cut::Stream
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct InFlight {
    places: Vec<Option<Running>>,
    free: Vec<usize>,
    taken: u64,
    cut: usize,
    /// No deadline is sooner; perhaps the one that was has gone.
    due: Option<Instant>,
}

impl InFlight {
    pub(crate) fn start(
        &mut self,
        method: Method,
        path: Option<PathAndQuery>,
        started: Instant,
        allowed: Allowed,
    ) -> Key {
        self.taken += 1;
        let serial = self.taken;
        let kind = Kind::Request;
        let running = Running {
            serial,
            method,
            path,
            started,
            allowed,
            has_head: false,
            kind,
            cut: false,
            timed_out: None,
            waiter: None,
            awaits_client: false,
            awaits_since: None,
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(running);
        Key { place, serial }
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Running> {
        self.places
            .get_mut(key.place)?
            .as_mut()
            .filter(|running| running.serial == key.serial)
    }

    /// The request with this [errand](Key::errand).
    pub(crate) fn on_errand(&self, errand: NonZeroU64, connection: NonZeroU64) -> Option<&Running> {
        let mut running = self.places.iter().enumerate();
        running.find_map(|(place, running)| {
            let running = running.as_ref()?;
            let serial = running.serial;
            (Key { place, serial }.errand(connection) == errand).then_some(running)
        })
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Running> {
        self.get_mut(key)?;
        self.take(key.place)
    }

    /// Forgets the only one there can be on HTTP/1.1.
    pub(crate) fn clear(&mut self) {
        for (index, place) in self.places.iter_mut().enumerate() {
            if place.take().is_some() {
                self.free.push(index);
            }
        }
        self.cut = 0;
    }

    /// Gives up those that `which` says; calls `each` for every one that was not before.
    pub(crate) fn cut_where(
        &mut self,
        which: impl Fn(&Running) -> bool,
        mut each: impl FnMut(&mut Running),
    ) {
        for running in self.places.iter_mut().flatten() {
            if !running.cut && which(running) {
                running.cut = true;
                self.cut += 1;
                each(running);
            }
        }
    }

    /// By when to look for requests that take too long, at the latest.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something is waited for until then; `true` if that is sooner than everything else.
    pub(crate) fn due_by(&mut self, deadline: Instant) -> bool {
        let sooner = self.due.is_none_or(|due| deadline < due);
        if sooner {
            self.due = Some(deadline);
        }
        sooner
    }

    /// Marks what takes too long, and gives who must be told.
    pub(crate) fn time_out(&mut self, now: Instant) -> Vec<Waker> {
        let mut late = Vec::new();
        let mut due: Option<Instant> = None;
        for running in self.places.iter_mut().flatten() {
            match running.deadline() {
                Some(deadline) if deadline <= now => {
                    running.timed_out = running.allowed();
                    late.extend(running.waiter.take());
                }
                deadline => due = due.into_iter().chain(deadline).min(),
            }
        }
        self.due = due;
        late
    }

    /// Whether a client has made no room for the rest of a body for so long. Must be asked again
    /// and again: what it finds for the first time begins then.
    pub(crate) fn has_unread(&mut self, now: Instant, limit: Duration) -> bool {
        let waiting = self.places.iter_mut().flatten();
        let waiting = waiting.filter(|running| running.awaits_client);
        waiting
            .map(|running| after(*running.awaits_since.get_or_insert(now), limit))
            .fold(false, |unread, until| unread | (until <= now))
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Running> {
        self.places.iter().flatten()
    }

    pub(crate) fn streams(&self) -> usize {
        self.places
            .iter()
            .flatten()
            .filter(|running| running.kind != Kind::Request)
            .count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.cut > 0
    }

    /// Whether something runs that was not given up.
    pub(crate) fn is_busy(&self) -> bool {
        self.len() > self.cut
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    fn take(&mut self, place: usize) -> Option<Running> {
        let running = self.places[place].take()?;
        self.free.push(place);
        self.cut -= usize::from(running.cut);
        Some(running)
    }
}

#[cfg(test)]
mod tests;
