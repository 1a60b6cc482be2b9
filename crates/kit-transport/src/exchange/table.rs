//! The table of a connection's exchanges.

use std::num::NonZeroU64;
use std::task::Waker;
use std::time::Duration;

use http::{Method, Uri};
use tokio::time::Instant;

use crate::exchange::allowance::Allowance;
use crate::exchange::in_flight::Exchange;
use crate::time::after;

/// Names one exchange of one connection. A place is used again, its serial number is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    place: usize,
    serial: u64,
}

/// The number of an errand has the connection's number above these bits and the exchange's in them.
/// Two exchanges of one connection that agree in these bits are never in flight together.
const SERIAL_BITS: u32 = 24;
const FIRST: NonZeroU64 = NonZeroU64::new(1 << SERIAL_BITS).expect("not zero");

impl Key {
    /// The number of what the handler of this exchange does, on the connection with this number (from
    /// 1).
    pub(crate) fn errand(self, connection: NonZeroU64) -> NonZeroU64 {
        let low = self.serial & ((1 << SERIAL_BITS) - 1);
        connection.saturating_mul(FIRST) | low
    }
}

/// The exchanges of one connection that are in flight, each in a place that is used again.
#[derive(Debug, Default)]
pub(crate) struct ExchangeTable {
    /// Of exchanges, and of those that were released, whose memory the next ones use.
    places: Vec<Exchange>,
    free: Vec<usize>,
    /// Exchanges so far.
    taken: u64,
    /// How many of those in the table were given up.
    cut: usize,
    /// How many of those in the table have ended.
    ended: usize,
    /// No deadline is sooner. The exchange that had this one may have ended.
    due: Option<Instant>,
}

impl ExchangeTable {
    /// The exchange of a request begins.
    pub(crate) fn start(&mut self, of: (&Method, &Uri), allowance: Allowance) -> Key {
        self.taken += 1;
        let serial = self.taken;
        if let Some(place) = self.free.pop() {
            self.places[place].begin_again(serial, of, allowance);
            return Key { place, serial };
        }
        let place = self.places.len();
        if place == 0 {
            // On HTTP/1.1 there is never another one.
            self.places.reserve_exact(1);
        }
        self.places.push(Exchange::new(serial, of, allowance));
        Key { place, serial }
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Exchange> {
        self.places
            .get_mut(key.place)
            .filter(|exchange| exchange.serial() == key.serial)
    }

    /// The exchange with this [errand](Key::errand).
    pub(crate) fn on_errand(
        &self,
        errand: NonZeroU64,
        connection: NonZeroU64,
    ) -> Option<&Exchange> {
        let mut places = self.places.iter().enumerate();
        let found = places.find(|(place, exchange)| {
            let (place, serial) = (*place, exchange.serial());
            !exchange.is_released() && Key { place, serial }.errand(connection) == errand
        });
        found.map(|(_, exchange)| exchange)
    }

    /// The bytes of an exchange have left, or will not.
    pub(crate) fn remove(&mut self, key: Key) {
        if self.get_mut(key).is_some() {
            self.release(key.place);
        }
    }

    /// The response of an exchange has ended, and its bytes have not left yet.
    pub(crate) fn end(&mut self, key: Key) -> Option<&Exchange> {
        let place = self.places.get_mut(key.place);
        let exchange = place.filter(|exchange| exchange.serial() == key.serial)?;
        self.ended += usize::from(!exchange.has_ended());
        exchange.mark_ended();
        Some(exchange)
    }

    /// Removes the exchanges that have ended; gives their number.
    pub(crate) fn remove_ended(&mut self) -> u64 {
        let mut count = 0;
        for place in 0..self.places.len() {
            if self.places[place].has_ended() {
                self.release(place);
                count += 1;
            }
        }
        count
    }

    /// Gives up the exchanges that `which` selects; calls `each` for every one that was not given up
    /// before.
    pub(crate) fn cut_where(
        &mut self,
        which: impl Fn(&Exchange) -> bool,
        mut each: impl FnMut(&mut Exchange),
    ) {
        for exchange in &mut self.places {
            if !exchange.is_released() && !exchange.cut && which(exchange) {
                exchange.cut = true;
                self.cut += 1;
                each(exchange);
            }
        }
    }

    /// When to look for exchanges that take too long, at the latest.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something is waited for until this deadline; whether that is sooner than everything else.
    pub(crate) fn add_deadline(&mut self, deadline: Instant) -> bool {
        let is_sooner = self.due.is_none_or(|due| deadline < due);
        if is_sooner {
            self.due = Some(deadline);
        }
        is_sooner
    }

    /// Marks what takes too long, and gives the wakers of the tasks that wait for it.
    pub(crate) fn time_out(&mut self, now: Instant) -> Vec<Waker> {
        let mut late = Vec::new();
        let mut due: Option<Instant> = None;
        for exchange in &mut self.places {
            match exchange.deadline() {
                Some(deadline) if deadline <= now => {
                    late.extend(exchange.time_out());
                }
                deadline => due = due.into_iter().chain(deadline).min(),
            }
        }
        self.due = due;
        late
    }

    /// Whether a client has made no room for the rest of a body for as long as `limit`. Must be asked
    /// whenever the connection's timer has fired: the first time begins the wait.
    pub(crate) fn look_for_unread(&mut self, now: Instant, limit: Duration) -> bool {
        let mut is_unread = false;
        for exchange in &mut self.places {
            let since = exchange.awaits_client_since(now);
            is_unread |= since.is_some_and(|since| after(since, limit) <= now);
        }
        is_unread
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Exchange> {
        let places = self.places.iter();
        places.filter(|exchange| !exchange.is_released())
    }

    pub(crate) fn streams(&self) -> usize {
        let streams = self.iter().filter(|exchange| exchange.is_stream());
        streams.filter(|exchange| !exchange.has_ended()).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many exchanges there were so far.
    pub(crate) fn begun(&self) -> u64 {
        self.taken
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.cut > 0
    }

    /// Whether there is an exchange that was not given up.
    pub(crate) fn is_busy(&self) -> bool {
        self.len() > self.cut
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// How many exchanges have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.len() - self.ended
    }

    /// Whether an exchange has not ended and was not given up.
    pub(crate) fn is_in_flight(&self) -> bool {
        let mut exchanges = self.iter();
        exchanges.any(|exchange| !exchange.has_ended() && !exchange.cut)
    }

    fn release(&mut self, place: usize) {
        let exchange = &mut self.places[place];
        self.cut -= usize::from(exchange.cut);
        self.ended -= usize::from(exchange.has_ended());
        exchange.release();
        self.free.push(place);
    }
}

#[cfg(test)]
mod tests;
