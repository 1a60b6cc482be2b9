//! One exchange that is in flight.

use std::task::Waker;
use std::time::Duration;

use http::Method;
use http::uri::PathAndQuery;
use tokio::time::Instant;

use crate::exchange::allowance::Allowance;
use crate::{Address, Cut};

/// How a response ends when the server drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseKind {
    /// By itself.
    Request,
    /// By its handler, when the drain begins.
    Stream { finish_within: Option<Duration> },
    /// By the driver: server-sent events and gRPC streams, after the grace of a stream, or after the
    /// time for which its handler has asked.
    Graced { finish_within: Option<Duration> },
}

impl ResponseKind {
    /// How long after the beginning of the drain the driver ends it, if it does.
    pub(crate) fn grace(self, usual: Duration) -> Option<Duration> {
        match self {
            ResponseKind::Request | ResponseKind::Stream { .. } => None,
            ResponseKind::Graced { finish_within } => {
                Some(finish_within.unwrap_or(usual).max(usual))
            }
        }
    }

    /// The time for which its handler has asked.
    pub(crate) fn finish_within(self) -> Option<Duration> {
        match self {
            ResponseKind::Request => None,
            ResponseKind::Stream { finish_within } | ResponseKind::Graced { finish_within } => {
                finish_within
            }
        }
    }
}

/// One request and its response, from the call of the service to the end of the response's body.
#[derive(Debug)]
pub(crate) struct Exchange {
    serial: u64,
    method: Method,
    path: Option<PathAndQuery>,
    is_head_sent: bool,
    pub(crate) allowance: Allowance,
    kind: ResponseKind,
    /// Given up, and counted as cut.
    pub(crate) cut: bool,
    /// The response has ended, and its bytes have not left yet.
    ended: bool,
    /// The limit that has passed.
    pub(crate) timed_out: Option<Duration>,
    /// The task that waits for the head, or for the next part of a body that can be ended early.
    pub(crate) waiter: Option<Waker>,
    room: Room,
}

/// On HTTP/2: whether the rest of a response's body waits for the client to make room.
#[derive(Clone, Copy, Debug)]
enum Room {
    NotAwaited,
    Awaited,
    /// Since when, as far as the connection's task has looked.
    AwaitedSince(Instant),
}

impl Exchange {
    pub(crate) fn new(
        serial: u64,
        method: Method,
        path: Option<PathAndQuery>,
        allowance: Allowance,
    ) -> Exchange {
        Exchange {
            serial,
            method,
            path,
            allowance,
            is_head_sent: false,
            kind: ResponseKind::Request,
            cut: false,
            ended: false,
            timed_out: None,
            waiter: None,
            room: Room::NotAwaited,
        }
    }

    /// Its number among those of its connection, from 1.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// What it is called in logs and reports: `GET /orders/7 from 10.0.0.7:41000, 1.2 s`.
    pub(crate) fn name(&self, from: &Address, now: Instant) -> String {
        let path = self.path.as_ref().map_or("*", PathAndQuery::path);
        let age = now
            .saturating_duration_since(self.allowance.started())
            .as_secs_f32();
        format!("{} {path} from {from}, {age:.1} s", self.method)
    }

    pub(crate) fn mark_ended(&mut self) {
        self.ended = true;
        self.waiter = None;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// How long after the beginning of the drain the driver ends the response, if it does.
    pub(crate) fn grace(&self, usual: Duration) -> Option<Duration> {
        self.kind.grace(usual).filter(|_| !self.ended)
    }

    pub(crate) fn mark_head_sent(&mut self) {
        self.is_head_sent = true;
        // From here on another limit holds.
        self.timed_out = None;
    }

    /// The deadline of the head, or of the body, that is waited for. An exchange without a waiter is
    /// ready at every poll, or its handler runs: no task could be woken.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiter.as_ref()?;
        let (deadline, _) = self.allowance.next(self.is_head_sent)?;
        Some(deadline)
    }

    /// Marks that the limit which ends first has passed; gives the waker of the task that waits.
    pub(crate) fn time_out(&mut self) -> Option<Waker> {
        self.timed_out = self
            .allowance
            .next(self.is_head_sent)
            .map(|(_, limit)| limit);
        self.waiter.take()
    }

    pub(crate) fn set_awaits_client(&mut self, awaits: bool) {
        self.room = if awaits {
            Room::Awaited
        } else {
            Room::NotAwaited
        };
    }

    /// Since when the client has made no room for the rest of the body, if that is waited for. The
    /// first look begins that time.
    pub(crate) fn awaits_client_since(&mut self, now: Instant) -> Option<Instant> {
        match self.room {
            Room::NotAwaited => None,
            Room::Awaited => {
                self.room = Room::AwaitedSince(now);
                Some(now)
            }
            Room::AwaitedSince(since) => Some(since),
        }
    }

    /// The handler ends the response when the drain begins.
    pub(crate) fn mark_stream(&mut self) {
        if self.kind == ResponseKind::Request {
            self.kind = ResponseKind::Stream {
                finish_within: None,
            };
        }
    }

    /// The driver ends the response at a drain.
    pub(crate) fn mark_graced(&mut self) {
        let finish_within = self.kind.finish_within();
        self.kind = ResponseKind::Graced { finish_within };
    }

    /// The handler asks for this time at a drain.
    pub(crate) fn set_finish_within(&mut self, limit: Duration) {
        let finish_within = Some(limit);
        self.kind = match self.kind {
            ResponseKind::Graced { .. } => ResponseKind::Graced { finish_within },
            ResponseKind::Request | ResponseKind::Stream { .. } => {
                ResponseKind::Stream { finish_within }
            }
        };
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.kind != ResponseKind::Request
    }

    /// As which kind it is counted when it is cut.
    pub(crate) fn as_cut(&self) -> Cut {
        if self.is_stream() {
            Cut::Stream
        } else {
            Cut::Request
        }
    }
}

#[cfg(test)]
mod tests;
