//! What a connection's task does next, and by when it looks again.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::options::ConnectionOptions;
use crate::wire::sniff::Stage;

/// How long a connection that was asked to close may take without a request in flight.
const CLOSING: Duration = Duration::from_millis(500);
/// The same for one whose client still takes in what it was sent.
const CLOSING_AT_MOST: Duration = Duration::from_secs(30);
/// What a client takes in at least, in bytes per second.
const SLOWEST: u64 = 256 << 10;
/// Who takes in less at a time is not reading.
const SOME: u64 = 1 << 10;
/// Longer than any process lives.
pub(crate) const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// What the connection's task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at this time at the latest.
    Wait(Instant),
    /// Ask hyper to close the connection.
    Close,
    /// Kill it: it took too long.
    Kill(TooLong),
    /// It was killed.
    End,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooLong {
    FirstByte,
    Head,
    Closing,
    /// It was closed already; the client went on sending.
    Lingering,
    Unread,
}

/// What is to be seen of the connection at this poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) opened: Instant,
    pub(crate) stage: Stage,
    /// Part of an HTTP/1.1 head was read.
    pub(crate) head: bool,
    /// A request is in flight.
    pub(crate) busy: bool,
    /// By when to look for requests that take too long; may lie in the past if none is in flight.
    pub(crate) due: Option<Instant>,
    /// How many bytes were written.
    pub(crate) written: u64,
    /// How many of them are bodies, and on HTTP/1.1 all.
    pub(crate) sent: u64,
    /// HTTP/2: how many of those the client may still have to read.
    pub(crate) unread: u64,
    /// HTTP/2: responses have ended that were not sent to their end.
    pub(crate) unsent: bool,
    /// There is something to write that the client does not take.
    pub(crate) blocked: bool,
    /// From 0 to 1: how much older than others it gets.
    pub(crate) jitter: f32,
    /// The time that was waited for has come.
    pub(crate) fired: bool,
}

/// The phases of one connection, and when each began, as far as its task has noticed.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    told: Option<Told>,
    /// hyper was asked to close it gracefully.
    closing: bool,
    lingering: bool,
    /// When it is old, if that is known.
    old_at: Option<Instant>,
    old: bool,
    /// When something was sent for the last time, and how much it was in all.
    last_sent: Option<(Instant, u64)>,
    /// By when more must be written than so many bytes.
    stuck: Option<(Instant, u64)>,
    since: Since,
}

/// What the drain has told it.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Instant,
    /// Until when it may seem idle.
    until: Instant,
    /// By when one that has never asked must have done so.
    by: Instant,
    last_look: Duration,
}

/// The last phase.
#[derive(Clone, Copy, Debug)]
struct Closing {
    begun: Instant,
    /// When its client was last seen to read, and how much it had left then.
    since: Instant,
    unread: u64,
}

/// Begins anew with every request.
#[derive(Debug, Default)]
struct Since {
    /// The time of the current poll, if somebody has read the clock.
    now: Option<Instant>,
    start: Option<Instant>,
    head: Option<Instant>,
    idle: Option<Instant>,
    closing: Option<Closing>,
}

impl Deadlines {
    /// A request begins; gives the time.
    pub(crate) fn start(&mut self) -> Instant {
        let now = self.since.now();
        self.since = Since {
            now: Some(now),
            start: Some(now),
            ..Since::default()
        };
        now
    }

    pub(crate) fn tell(&mut self, last_look: Duration) {
        self.told.get_or_insert_with(|| {
            let at = Instant::now();
            let until = at + last_look;
            Told {
                at,
                until,
                // With a successor its client has nothing to fear but this.
                by: until + CLOSING.max(3 * last_look),
                last_look,
            }
        });
    }

    /// By when the handshake must have ended, if the drain has told it.
    #[cfg(feature = "tls")]
    pub(crate) fn may_shake_hands_until(&self) -> Option<Instant> {
        self.told.map(|told| told.by)
    }

    pub(crate) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    /// It is closed on this side, and has a moment to be closed on the other.
    pub(crate) fn linger(&mut self) {
        self.closing = true;
        self.lingering = true;
        self.since.closing = None;
    }

    /// All that was to be said has left.
    pub(crate) fn is_lingering(&self) -> bool {
        self.lingering
    }

    /// It should take no more requests.
    pub(crate) fn is_old(&self) -> bool {
        self.old
    }

    /// The end of a poll: the time of it, if anybody has looked.
    pub(crate) fn take_now(&mut self) -> Option<Instant> {
        self.since.now.take()
    }

    pub(crate) fn next(&mut self, seen: &Seen, limits: &ConnectionOptions) -> Next {
        if seen.fired {
            self.since.now = Some(Instant::now());
            if let Some(next) = self.is_overdue(seen, limits) {
                return next;
            }
        }
        if self.last_sent.is_none_or(|(_, sent)| sent != seen.sent) {
            self.last_sent = Some((self.since.now(), seen.sent));
        }
        let next = self.phase(seen, limits);
        let Next::Wait(mut until) = next else {
            return next;
        };
        if self.old_at.is_none() {
            self.old_at = Deadlines::grows_old(seen, limits);
        }
        if let Some(old_at) = self.old_at
            && !self.old
        {
            until = until.min(old_at);
        }
        if seen.blocked || seen.unsent {
            until = until.min(self.stuck(seen, limits));
        }
        Next::Wait(until)
    }

    /// What nothing can put off that a request does.
    fn is_overdue(&mut self, seen: &Seen, limits: &ConnectionOptions) -> Option<Next> {
        let is_old = self.old_at.is_some_and(|old_at| self.is_past(old_at, seen));
        if is_old && !std::mem::replace(&mut self.old, true) && seen.stage == Stage::Http2 {
            let told = std::mem::replace(&mut self.closing, true);
            return (!told).then_some(Next::Close);
        }
        let stuck = (seen.blocked || seen.unsent).then(|| self.stuck(seen, limits))?;
        self.is_past(stuck, seen)
            .then_some(Next::Kill(TooLong::Unread))
    }

    /// When it will be old; `None` while nobody knows what it speaks.
    fn grows_old(seen: &Seen, limits: &ConnectionOptions) -> Option<Instant> {
        if !matches!(seen.stage, Stage::Http1 | Stage::Http2) {
            return None;
        }
        let age = limits.max_age.map_or(AGES, |age| age.min(AGES));
        Some(seen.opened + age.mul_f32(0.9 + 0.2 * seen.jitter))
    }

    /// By when something must be written.
    fn stuck(&mut self, seen: &Seen, limits: &ConnectionOptions) -> Instant {
        // What HTTP/2 says between bodies is no sign that one of them is read.
        let done = if seen.unsent { seen.sent } else { seen.written };
        match self.stuck {
            Some((stuck, before)) if before == done => stuck,
            _ => {
                let stuck = after(self.since.now(), limits.unread);
                self.stuck = Some((stuck, done));
                stuck
            }
        }
    }

    fn phase(&mut self, seen: &Seen, limits: &ConnectionOptions) -> Next {
        let may_ask = seen.stage != Stage::Http2;
        if let Some(told) = self.told
            && !self.closing
            // A response that did not say it is the last may be followed by a request.
            && !(may_ask && seen.busy)
        {
            if may_ask && let Some(next) = self.last_look(told, seen) {
                return next;
            }
            // HTTP/2 says by itself up to which request it serves.
            self.closing = true;
            return Next::Close;
        }
        if seen.busy {
            // Its end comes with bytes to write, so the task looks again; unless it looked just
            // before that end, and then this is when it is noticed.
            let base = self.since.now.or(self.since.start).unwrap_or(seen.opened);
            self.since.start = Some(base);
            // As often as what the client does not read is looked for.
            let idle = after(base, limits.idle.min(limits.unread));
            return Next::Wait(seen.due.map_or(idle, |due| due.min(idle)));
        }
        let (deadline, next) = self.limit(seen, limits);
        if !self.is_past(deadline, seen) {
            return Next::Wait(deadline);
        }
        self.closing |= next == Next::Close;
        next
    }

    /// What one that was told waits for before it is closed, if for anything.
    fn last_look(&mut self, told: Told, seen: &Seen) -> Option<Next> {
        let now = self.since.now();
        let looked = *self.since.idle.get_or_insert(now) + told.last_look;
        let (until, head_by) = if self.since.start.is_some() {
            (told.until.max(looked), told.by.max(looked + CLOSING))
        } else if told.at < seen.opened {
            // Who has just ended a handshake is about to ask.
            (told.by, told.by)
        } else {
            (told.until, told.by)
        };
        let by = if seen.head { head_by } else { until };
        if !self.is_past(by, seen) {
            return Some(Next::Wait(by));
        }
        // hyper would wait for the rest of the head, or forget it.
        seen.head.then_some(Next::Kill(TooLong::Closing))
    }

    /// By when a connection without a request in flight must have changed, or else what.
    fn limit(&mut self, seen: &Seen, limits: &ConnectionOptions) -> (Instant, Next) {
        if self.closing {
            let why = if self.lingering {
                TooLong::Lingering
            } else {
                TooLong::Closing
            };
            return (self.closed_by(seen), Next::Kill(why));
        }
        match seen.stage {
            Stage::Silent => (
                after(seen.opened, limits.first_byte),
                Next::Kill(TooLong::FirstByte),
            ),
            Stage::Http1 | Stage::Greeting if seen.head => {
                let now = self.since.now();
                let since = *self.since.head.get_or_insert(now);
                (after(since, limits.head), Next::Kill(TooLong::Head))
            }
            _ => {
                let now = self.since.now();
                let since = *self.since.idle.get_or_insert(now);
                (after(since, limits.idle), Next::Close)
            }
        }
    }

    /// By when it must have closed. A client that has not yet taken in all that was sent would lose
    /// it: whatever it sends to a socket that is closed is answered by a reset.
    fn closed_by(&mut self, seen: &Seen) -> Instant {
        let now = self.since.now();
        let closing = self.since.closing.get_or_insert(Closing {
            begun: now,
            since: now,
            unread: seen.unread,
        });
        if seen.unread.saturating_add(SOME) <= closing.unread {
            closing.since = now;
            closing.unread = seen.unread;
        }
        let mut by = closing.since + CLOSING;
        let latest = closing.begun + CLOSING_AT_MOST;
        if let Some((last_sent, _)) = self.last_sent {
            let takes_in = Duration::from_millis(seen.unread.saturating_mul(1000) / SLOWEST);
            by = by.max(after(last_sent, takes_in));
        }
        if let Some(told) = self.told
            && self.since.start.is_none()
        {
            by = by.min(told.by.max(closing.begun));
        }
        by.min(latest)
    }

    fn is_past(&self, deadline: Instant, seen: &Seen) -> bool {
        seen.fired && self.since.now.is_some_and(|now| deadline <= now)
    }
}

impl Since {
    /// The clock, read once per poll.
    fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(Instant::now)
    }
}

/// A limit may be longer than the clock can tell.
pub(crate) fn after(instant: Instant, limit: Duration) -> Instant {
    instant + limit.min(AGES)
}

#[cfg(test)]
mod tests;
