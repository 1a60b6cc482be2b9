//! The time limits of one connection: what its task does next, and when it looks again.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::notice::{CLOSING, DrainNotice};
use crate::connection::options::ConnectionOptions;
use crate::exchange::exchanges::Load;
use crate::time::{AGES, PollTime, after};
use crate::wire::meter::WireReading;
use crate::wire::preface::Preface;

/// As [`CLOSING`], for a connection whose client still takes in what it was sent.
const CLOSING_AT_MOST: Duration = Duration::from_secs(30);
/// The slowest client that is waited for, in bytes per second.
const SLOWEST: u64 = 256 << 10;
/// A client that takes in fewer bytes than this from one look to the next is not reading.
const LEAST_PROGRESS: u64 = 1 << 10;

/// What the connection's task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at this time at the latest.
    Wait(Instant),
    /// Ask hyper to close the connection.
    Close,
    /// Kill it: it took too long.
    Kill(TooLong),
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

/// What a connection does, and since when, as far as its task has noticed.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// No byte has come since the connection was ready for requests.
    Silent,
    /// Part of the first greeting, or of an HTTP/1.1 head, has come.
    Head { since: Instant },
    /// An exchange is in flight.
    Busy { since: Instant },
    /// No exchange is in flight.
    Idle { since: Instant },
    /// The drain has begun, and no exchange is in flight on a connection whose next request may
    /// lie in its socket. HTTP/2 has no such phase: its GOAWAY says which requests are served.
    LastLook { idle_since: Instant },
    /// hyper was asked to close the connection, and no exchange is in flight.
    Closing(Closing),
    /// The connection is shut down, and its client still sends.
    Lingering(Closing),
}

/// The limits of one connection, seen by its task alone.
///
/// [`next`](Clock::next) is called after each poll of hyper. It moves the [`Phase`] on to what the
/// connection does now, and asks it for its deadline and its action. Two limits hold in every
/// phase beside it: the [`Age`] of the connection, and [`Unread`], the time in which a client
/// that takes nothing must make room. Nothing is done before the timer has fired, so that bytes which
/// have come just in time are seen first.
#[derive(Debug)]
pub(crate) struct Clock {
    phase: Phase,
    /// Exchanges that had begun when the phase was looked at.
    begun: u64,
    /// hyper was asked to close the connection.
    closing: bool,
    /// When requests could come: at once, or after the TLS handshake.
    ready: Instant,
    /// When something was sent for the last time, and the sum of all bytes until then.
    last_sent: Option<(Instant, u64)>,
    age: Age,
    unread: Unread,
}

/// The facts by which a [`Clock`] decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) wire: &'a WireReading,
    pub(crate) load: &'a Load,
    pub(crate) notice: Option<&'a DrainNotice>,
    pub(crate) limits: &'a ConnectionOptions,
    /// The time that was waited for has come.
    pub(crate) fired: bool,
}

impl Clock {
    /// The clock of a connection that is ready for requests. `jitter`, from 0 to 1, says how much
    /// older than others it gets.
    pub(crate) fn new(ready: Instant, jitter: f32) -> Clock {
        Clock {
            phase: Phase::Silent,
            begun: 0,
            closing: false,
            ready,
            last_sent: None,
            age: Age::new(ready, jitter),
            unread: Unread::default(),
        }
    }

    /// Whether the connection is old: it should take no more requests.
    pub(crate) fn is_old(&self) -> bool {
        self.age.passed
    }

    /// What the connection's task does next.
    ///
    /// First the limits that no exchange puts off: a connection of HTTP/2 that has become old is
    /// closed, and one whose client takes nothing is killed; both only when the timer has fired. Then
    /// the drain, at which HTTP/2 is closed at once. Then the phase is moved on and asked for its
    /// deadline: when that has passed its action is the answer, otherwise the soonest of the three
    /// deadlines.
    pub(crate) fn next(&mut self, sight: &Sight<'_>, time: &mut PollTime) -> Next {
        let wire = sight.wire;
        let is_http2 = wire.preface == Preface::Http2;
        if sight.fired {
            let now = time.now();
            if self.age.pass(now) && is_http2 && !self.closing {
                return self.close();
            }
            if self.unread.pass(sight, now) {
                return Next::Kill(TooLong::Unread);
            }
        }
        if self.last_sent.is_none_or(|(_, sent)| sent != wire.sent) {
            self.last_sent = Some((time.now(), wire.sent));
        }
        if sight.notice.is_some() && is_http2 && !self.closing {
            return self.close();
        }
        self.phase = self.moved_on(sight, time);
        let (deadline, action) = self.deadline(sight);
        if let Some(action) = action
            && sight.fired
            && deadline <= time.now()
        {
            return match action {
                Action::Close => self.close(),
                Action::Kill(why) => Next::Kill(why),
            };
        }
        let soonest = match self.age.deadline(wire.preface, sight.limits) {
            Some(age) => deadline.min(age),
            None => deadline,
        };
        Next::Wait(match self.unread.deadline(sight, time) {
            Some(unread) => soonest.min(unread),
            None => soonest,
        })
    }

    fn close(&mut self) -> Next {
        self.closing = true;
        Next::Close
    }

    /// The phase of now. A phase that goes on keeps its beginning; each exchange begins a new one.
    fn moved_on(&mut self, sight: &Sight<'_>, time: &mut PollTime) -> Phase {
        let Sight { wire, load, .. } = *sight;
        if self.begun != load.begun {
            self.begun = load.begun;
            self.phase = Phase::Busy { since: time.now() };
        }
        let before = self.phase;
        if load.busy {
            // The end of an exchange comes with bytes to write, after which the task looks again.
            // If it looked just before that end, then this is when the end is noticed.
            return match (before, time.known()) {
                (_, Some(now)) => Phase::Busy { since: now },
                (Phase::Busy { .. }, None) => before,
                (_, None) => Phase::Busy { since: self.ready },
            };
        }
        if wire.lingering {
            return match before {
                Phase::Lingering(closing) => Phase::Lingering(closing.seen(wire.unread, time)),
                _ => Phase::Lingering(Closing::begin(wire.unread, time)),
            };
        }
        if self.closing {
            return match before {
                Phase::Closing(closing) => Phase::Closing(closing.seen(wire.unread, time)),
                _ => Phase::Closing(Closing::begin(wire.unread, time)),
            };
        }
        let has_head = load.has_head && wire.preface != Preface::Http2;
        match before {
            _ if sight.notice.is_some() => Phase::LastLook {
                idle_since: match before {
                    Phase::LastLook { idle_since } | Phase::Idle { since: idle_since } => {
                        idle_since
                    }
                    _ => time.now(),
                },
            },
            _ if wire.preface == Preface::Silent => Phase::Silent,
            Phase::Head { .. } if has_head => before,
            _ if has_head => Phase::Head { since: time.now() },
            Phase::Idle { .. } => before,
            _ => Phase::Idle { since: time.now() },
        }
    }

    /// When the phase must have ended, and the action if it has not; without an action the task only
    /// looks again.
    fn deadline(&self, sight: &Sight<'_>) -> (Instant, Option<Action>) {
        let Sight { load, limits, .. } = *sight;
        let kill = |why| Some(Action::Kill(why));
        match self.phase {
            Phase::Silent => (
                after(self.ready, limits.first_byte),
                kill(TooLong::FirstByte),
            ),
            Phase::Head { since } => (after(since, limits.head), kill(TooLong::Head)),
            Phase::Busy { since } => {
                // As often as what the client does not read is looked for.
                let look = after(since, limits.idle.min(limits.unread));
                (load.due.map_or(look, |due| due.min(look)), None)
            }
            Phase::Idle { since } => (after(since, limits.idle), Some(Action::Close)),
            Phase::LastLook { idle_since } => {
                let deadline = sight.notice.map_or(idle_since, |notice| {
                    notice.last_look_until(self.ready, idle_since, self.begun > 0, load.has_head)
                });
                // hyper would wait for the rest of the head, or forget it.
                let action = if load.has_head {
                    Action::Kill(TooLong::Closing)
                } else {
                    Action::Close
                };
                (deadline, Some(action))
            }
            Phase::Closing(closing) => (self.closed_by(closing, sight), kill(TooLong::Closing)),
            Phase::Lingering(closing) => (self.closed_by(closing, sight), kill(TooLong::Lingering)),
        }
    }

    /// When a connection that closes must have closed. A client that has not yet taken in all that
    /// was sent would lose it: what it sends to a closed socket is answered by a reset. So it has
    /// the time in which a slow client reads that.
    fn closed_by(&self, closing: Closing, sight: &Sight<'_>) -> Instant {
        let mut deadline = closing.progress + CLOSING;
        if let Some((last_sent, _)) = self.last_sent {
            let unread = sight.wire.unread;
            let takes_in = Duration::from_millis(unread.saturating_mul(1000) / SLOWEST);
            deadline = deadline.max(after(last_sent, takes_in));
        }
        if let Some(notice) = sight.notice
            && self.begun == 0
        {
            deadline = deadline.min(notice.first_request_by().max(closing.begun));
        }
        deadline.min(closing.begun + CLOSING_AT_MOST)
    }
}

/// The answer to a phase that has not ended in time.
#[derive(Clone, Copy, Debug)]
enum Action {
    Close,
    Kill(TooLong),
}

/// The last phases.
#[derive(Clone, Copy, Debug)]
struct Closing {
    begun: Instant,
    /// When the client was last seen to read, and how much it had left then.
    progress: Instant,
    unread: u64,
}

impl Closing {
    fn begin(unread: u64, time: &mut PollTime) -> Closing {
        let now = time.now();
        Closing {
            begun: now,
            progress: now,
            unread,
        }
    }

    /// The client has now `unread` bytes left to read.
    fn seen(self, unread: u64, time: &mut PollTime) -> Closing {
        if unread.saturating_add(LEAST_PROGRESS) > self.unread {
            return self;
        }
        Closing {
            progress: time.now(),
            unread,
            ..self
        }
    }
}

/// When a connection is old.
#[derive(Debug)]
struct Age {
    ready: Instant,
    jitter: f32,
    /// Known when it is known what the client speaks.
    deadline: Option<Instant>,
    passed: bool,
}

impl Age {
    fn new(ready: Instant, jitter: f32) -> Age {
        Age {
            ready,
            jitter,
            deadline: None,
            passed: false,
        }
    }

    /// Whether the connection has become old just now.
    fn pass(&mut self, now: Instant) -> bool {
        let is_past = self.deadline.is_some_and(|deadline| deadline <= now);
        is_past && !std::mem::replace(&mut self.passed, true)
    }

    /// `None` when it has passed, and while it is not known what the client speaks.
    fn deadline(&mut self, preface: Preface, limits: &ConnectionOptions) -> Option<Instant> {
        if self.deadline.is_none() && matches!(preface, Preface::Http1 | Preface::Http2) {
            let age = limits.max_age.map_or(AGES, |age| age.min(AGES));
            self.deadline = Some(self.ready + age.mul_f32(0.9 + 0.2 * self.jitter));
        }
        self.deadline.filter(|_| !self.passed)
    }
}

/// When a client that takes nothing must have made room.
#[derive(Debug, Default)]
struct Unread {
    /// A deadline, and the count of bytes that must have grown by then.
    deadline: Option<(Instant, u64)>,
}

impl Unread {
    /// `None` while nothing waits for the client.
    fn deadline(&mut self, sight: &Sight<'_>, time: &mut PollTime) -> Option<Instant> {
        let Sight { wire, load, .. } = *sight;
        if !wire.blocked && !load.unsent {
            return None;
        }
        // What HTTP/2 says between bodies is no sign that one of them is read.
        let done = if load.unsent { wire.sent } else { wire.written };
        match self.deadline {
            Some((deadline, before)) if before == done => Some(deadline),
            _ => {
                let deadline = after(time.now(), sight.limits.unread);
                self.deadline = Some((deadline, done));
                Some(deadline)
            }
        }
    }

    /// Whether the client has had its time.
    fn pass(&mut self, sight: &Sight<'_>, now: Instant) -> bool {
        let deadline = self.deadline(sight, &mut PollTime::new(Some(now)));
        deadline.is_some_and(|deadline| deadline <= now)
    }
}

#[cfg(test)]
mod tests;
