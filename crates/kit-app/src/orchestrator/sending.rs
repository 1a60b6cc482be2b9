//! The messages that are due, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::course::Course;
use super::message::{PING, extend_by, status};
use super::notifier::Notifier;
use super::outbox::Outbox;
use super::socket::{Sender, Sent};
use crate::bounds::YEAR;

/// The shortest time between two pings. The timer knows none that is shorter.
const SHORTEST_PING_PERIOD: Duration = Duration::from_millis(1);

/// How long the sender waits before it tries again to send a message that was not taken.
const RETRY: Duration = Duration::from_millis(20);
/// The same when the service manager cannot be reached at all.
const RETRY_UNREACHED: Duration = Duration::from_secs(1);

/// How often the service manager is asked to wait longer while a step of a start, a reload or a stop is
/// within its limit.
const EXTENSION_PERIOD: Duration = Duration::from_secs(5);
/// How much longer it is to wait at least: what follows a step that has used up its limit has begun by then.
const EXTENSION_MARGIN: Duration = Duration::from_secs(5);

/// How the app is, as far as messages depend on it.
pub(super) struct Condition {
    /// For how long the runtime has polled nothing.
    pub(super) silent: Option<Duration>,
    /// When the step that goes on has used up its limit.
    pub(super) step_end: Option<Instant>,
}

/// The socket, and the times of the messages.
#[derive(Debug)]
pub(super) struct Sending {
    sender: Sender,
    /// The time between two pings.
    ping_period: Option<Duration>,
    next_ping: Instant,
    next_extension: Instant,
    last_course: Course,
    was_silent: bool,
    /// The status is to be sent.
    has_status: bool,
    /// Nothing is sent before, because the last message was not taken.
    not_before: Option<Instant>,
    /// The service manager was not reached by the last message.
    is_unreached: bool,
    /// Why it was not reached, the first time.
    trouble: Option<std::io::Error>,
    has_trouble: bool,
}

/// Half of the interval, so that one ping may come late; within what can be added to any time.
fn ping_period(interval: Duration) -> Duration {
    (interval / 2).clamp(SHORTEST_PING_PERIOD, YEAR)
}

impl Sending {
    pub(super) fn new(notifier: &Notifier, sender: Sender) -> Sending {
        let now = Instant::now();
        Sending {
            sender,
            ping_period: notifier.watchdog.map(ping_period),
            next_ping: now,
            next_extension: now,
            last_course: Course::default(),
            was_silent: false,
            has_status: true,
            not_before: None,
            is_unreached: false,
            trouble: None,
            has_trouble: false,
        }
    }

    /// Sends what is due: changes of state in their order, then that more time is needed, then a ping, then
    /// the status. A message that is not taken ends the round, and the next round begins with it; of the
    /// status only the newest is kept.
    ///
    /// A runtime that makes no progress is no reason to wait, and is not alive: neither the time nor the
    /// ping is sent then.
    pub(super) fn send_due(
        &mut self,
        outbox: &Outbox,
        condition: &Condition,
        line: impl Fn() -> String,
    ) {
        let now = Instant::now();
        self.has_status |= outbox.take_status_is_new();
        self.has_status |= self.was_silent != condition.silent.is_some();
        self.was_silent = condition.silent.is_some();
        if self.not_before.is_some_and(|at| now < at) {
            return;
        }
        self.not_before = None;
        let line = || match condition.silent {
            Some(silent) => format!("not live: the runtime has polled nothing for {silent:.1?}"),
            None => line(),
        };
        if self.send_states(outbox, line, now).is_none() {
            return;
        }
        let _ = self.send_times(outbox.course(), condition, now);
        if self.has_status && self.send(&status(&line()), now) {
            self.has_status = false;
        }
    }

    /// `None` when one was not taken.
    fn send_states(
        &mut self,
        outbox: &Outbox,
        line: impl Fn() -> String,
        now: Instant,
    ) -> Option<()> {
        while let Some((state, is_last)) = outbox.next_state() {
            // Before the last one the status is of a later state.
            let message = if is_last {
                state.with_status(&line())
            } else {
                state.text()
            };
            self.send(&message, now).then_some(())?;
            outbox.mark_sent(state);
            self.has_status &= !is_last;
        }
        Some(())
    }

    /// `None` when one was not taken.
    fn send_times(&mut self, course: Course, condition: &Condition, now: Instant) -> Option<()> {
        if std::mem::replace(&mut self.last_course, course) != course {
            self.next_extension = now;
        }
        if condition.silent.is_some() {
            return Some(());
        }
        let left = condition
            .step_end
            .and_then(|end| end.checked_duration_since(now));
        // In a service that is ready this would move the end of its life (`RuntimeMaxSec`).
        let left = left.filter(|left| course != Course::Ready && !left.is_zero());
        if let Some(left) = left.filter(|_| now >= self.next_extension) {
            let time = left.min(EXTENSION_PERIOD * 2) + EXTENSION_MARGIN;
            self.send(&extend_by(time), now).then_some(())?;
            self.next_extension = now + EXTENSION_PERIOD;
        }
        if let Some(period) = self.ping_period.filter(|_| now >= self.next_ping) {
            self.send(PING, now).then_some(())?;
            self.next_ping = now + period;
        }
        Some(())
    }

    /// Returns whether it was taken.
    fn send(&mut self, message: &str, now: Instant) -> bool {
        let sent = self.sender.send(message);
        self.is_unreached = matches!(sent, Sent::Failed(_));
        let retry = match sent {
            Sent::Yes => return true,
            Sent::Full => RETRY,
            Sent::Failed(error) => {
                if !std::mem::replace(&mut self.has_trouble, true) {
                    self.trouble = Some(error);
                }
                RETRY_UNREACHED
            }
        };
        self.not_before = Some(now + retry);
        false
    }

    /// Why the service manager was not reached, the first time.
    pub(super) fn take_trouble(&mut self) -> Option<std::io::Error> {
        self.trouble.take()
    }

    /// When the next round has to come, if nothing happens before; `look` is when the runtime is looked at.
    pub(super) fn next_round(&self, look: Instant) -> Instant {
        match (self.not_before, self.ping_period) {
            (Some(not_before), _) => look.min(not_before),
            (None, Some(_)) if !self.was_silent => look.min(self.next_ping),
            _ => look,
        }
    }

    /// Whether something is owed that the service manager has not taken, but could take soon.
    pub(super) fn is_owing(&self, outbox: &Outbox) -> bool {
        !self.is_unreached && (self.has_status || outbox.next_state().is_some())
    }
}

#[cfg(all(test, unix))]
mod tests;
