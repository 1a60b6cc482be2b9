//! The running requests of one connection.

use std::task::Waker;

use http::Method;
use http::uri::PathAndQuery;
use tokio::time::Instant;

use crate::{Address, Cut};

/// Names one request of one connection. A place is used again, its serial number is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    place: usize,
    serial: u64,
}

impl Key {
    /// Names no request: serial numbers begin with 1.
    pub(super) fn none() -> Key {
        Key {
            place: 0,
            serial: 0,
        }
    }
}

/// What is expected of a response when the server drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To end by itself.
    Request,
    /// To end when told, by its handler's doing.
    Stream,
    /// Server-sent events: to be ended for its handler.
    Events,
}

#[derive(Debug)]
pub(super) struct Running {
    serial: u64,
    method: Method,
    path: Option<PathAndQuery>,
    started: Instant,
    pub(super) kind: Kind,
    /// Given up, and counted as cut.
    pub(super) cut: bool,
    /// Who sends the body; kept for events only.
    pub(super) sender: Option<Waker>,
}

impl Running {
    /// How a person would call it: `GET /orders/7 from 10.0.0.7:41000, 1.2 s`.
    pub(super) fn name(&self, from: &Address, now: Instant) -> String {
        let path = self.path.as_ref().map_or("*", PathAndQuery::path);
        let age = now.saturating_duration_since(self.started).as_secs_f32();
        format!("{} {path} from {from}, {age:.1} s", self.method)
    }

    pub(super) fn what(&self) -> Cut {
        if self.kind == Kind::Request {
            Cut::Request
        } else {
            Cut::Stream
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct InFlight {
    places: Vec<Option<Running>>,
    free: Vec<usize>,
    taken: u64,
    cut: usize,
}

impl InFlight {
    pub(super) fn start(
        &mut self,
        method: Method,
        path: Option<PathAndQuery>,
        started: Instant,
    ) -> Key {
        self.taken += 1;
        let serial = self.taken;
        let kind = Kind::Request;
        let running = Running {
            serial,
            method,
            path,
            started,
            kind,
            cut: false,
            sender: None,
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(running);
        Key { place, serial }
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Running> {
        self.places
            .get_mut(key.place)?
            .as_mut()
            .filter(|running| running.serial == key.serial)
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Running> {
        self.get_mut(key)?;
        self.take(key.place)
    }

    /// Forgets the only one there can be on HTTP/1.1.
    pub(super) fn clear(&mut self) {
        for (index, place) in self.places.iter_mut().enumerate() {
            if place.take().is_some() {
                self.free.push(index);
            }
        }
        self.cut = 0;
    }

    /// Gives up those that `which` says; calls `each` for every one that was not before.
    pub(super) fn cut_where(
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

    pub(super) fn streams(&self) -> usize {
        self.places
            .iter()
            .flatten()
            .filter(|running| running.kind != Kind::Request)
            .count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn has_cut(&self) -> bool {
        self.cut > 0
    }

    /// Whether something runs that was not given up.
    pub(super) fn is_busy(&self) -> bool {
        self.len() > self.cut
    }

    fn len(&self) -> usize {
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
mod tests {
    use super::*;

    fn start(in_flight: &mut InFlight, path: &'static str) -> Key {
        in_flight.start(
            Method::GET,
            Some(PathAndQuery::from_static(path)),
            Instant::now(),
        )
    }

    #[test]
    fn a_place_is_used_again_and_an_old_key_does_not_open_it() {
        let mut in_flight = InFlight::default();
        let old = start(&mut in_flight, "/old");
        assert!(in_flight.remove(old).is_some());
        let new = start(&mut in_flight, "/new");
        assert_eq!(new.place, old.place);
        assert!(in_flight.get_mut(old).is_none() && in_flight.remove(old).is_none());
        assert!(in_flight.get_mut(new).is_some());
        assert!(in_flight.get_mut(Key::none()).is_none());
    }

    #[test]
    fn what_was_given_up_is_counted_once_and_keeps_nothing_busy() {
        let mut in_flight = InFlight::default();
        let key = start(&mut in_flight, "/events");
        in_flight.get_mut(key).unwrap().kind = Kind::Events;
        assert_eq!(in_flight.streams(), 1);
        let mut cut = 0;
        in_flight.cut_where(|running| running.kind == Kind::Events, |_| cut += 1);
        in_flight.cut_where(|_| true, |_| cut += 1);
        assert_eq!(cut, 1);
        assert!(!in_flight.is_busy() && !in_flight.is_empty() && in_flight.has_cut());
        in_flight.remove(key);
        assert!(in_flight.is_empty() && !in_flight.has_cut());
    }

    #[test]
    fn a_name_has_no_query_string() {
        let mut in_flight = InFlight::default();
        let key = start(&mut in_flight, "/orders/7?token=secret");
        let from = Address::Ip(([10, 0, 0, 7], 41000).into());
        let name = in_flight.get_mut(key).unwrap().name(&from, Instant::now());
        assert_eq!(name, "GET /orders/7 from 10.0.0.7:41000, 0.0 s");
    }
}
