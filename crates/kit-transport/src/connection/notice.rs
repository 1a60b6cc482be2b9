//! What a connection learns when the drain begins.

use std::time::Duration;

use tokio::time::Instant;

/// How long a connection that was asked to close may take without an exchange in flight.
pub(crate) const CLOSING: Duration = Duration::from_millis(500);

/// The drain has begun: a connection closes as soon as it can. One that seems idle has a last look
/// at its socket before, because its next request may be there already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrainNotice {
    at: Instant,
    last_look: Duration,
}

impl DrainNotice {
    pub(crate) fn now(last_look: Duration) -> DrainNotice {
        let at = Instant::now();
        DrainNotice { at, last_look }
    }

    /// Until when a connection may seem idle.
    fn idle_until(&self) -> Instant {
        self.at + self.last_look
    }

    /// The deadline of the first request of a connection that has never sent one. With a successor
    /// this is the only thing that such a client has to fear.
    pub(crate) fn first_request_by(&self) -> Instant {
        self.idle_until() + CLOSING.max(3 * self.last_look)
    }

    /// The end of the last look of a connection that was ready for requests at `ready` and seems
    /// idle since `idle_since`. One that has begun a head has the time of a close in addition.
    pub(crate) fn last_look_until(
        &self,
        ready: Instant,
        idle_since: Instant,
        has_asked: bool,
        has_head: bool,
    ) -> Instant {
        let looked = idle_since + self.last_look;
        match (has_asked, has_head) {
            (true, false) => self.idle_until().max(looked),
            (true, true) => self.first_request_by().max(looked + CLOSING),
            // A client that has just ended its handshake is about to ask.
            (false, false) if ready <= self.at => self.idle_until(),
            (false, _) => self.first_request_by(),
        }
    }
}
