//! One exchange that is in flight.

use std::task::Waker;
use std::time::Duration;

use http::Method;
use http::uri::PathAndQuery;
use tokio::time::Instant;

use crate::time::after;
use crate::{Address, Cut};

/// How a response ends when the server drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseKind {
    /// To end by itself.
    Request,
    /// To be ended by its handler when the drain begins.
    Stream,
    /// Server-sent events: to be ended by the driver after the grace of a stream.
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

/// One request and its response, from the call of the service to the end of the response's body.
#[derive(Debug)]
pub(crate) struct Exchange {
    serial: u64,
    method: Method,
    path: Option<PathAndQuery>,
    started: Instant,
    allowed: Allowed,
    is_head_sent: bool,
    pub(crate) kind: ResponseKind,
    /// Given up, and counted as cut.
    pub(crate) cut: bool,
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
        started: Instant,
        allowed: Allowed,
    ) -> Exchange {
        Exchange {
            serial,
            method,
            path,
            started,
            allowed,
            is_head_sent: false,
            kind: ResponseKind::Request,
            cut: false,
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
        let age = now.saturating_duration_since(self.started).as_secs_f32();
        format!("{} {path} from {from}, {age:.1} s", self.method)
    }

    pub(crate) fn mark_head_sent(&mut self) {
        self.is_head_sent = true;
        // From here on another limit holds.
        self.timed_out = None;
    }

    /// The deadline of the head, or of the body, that is waited for. An exchange without a waiter is ready at every
    /// poll, or its handler runs: no task could be woken.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiter.as_ref()?;
        Some(after(self.started, self.limit()?))
    }

    /// The limit that holds now, from the start.
    pub(crate) fn limit(&self) -> Option<Duration> {
        if self.is_head_sent {
            self.allowed.whole
        } else {
            self.allowed.head
        }
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
