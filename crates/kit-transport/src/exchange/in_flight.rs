//! One exchange that is in flight.

use std::task::{Context, Waker};
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Method, Uri};
use tokio::time::Instant;

use crate::exchange::allowance::{Allowance, ResponseLimit};
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
    /// A copy, in the memory of the exchange before it: the path of a request of HTTP/1.1 would keep
    /// hyper's read buffer alive, of 8 KiB and more, as long as the exchange.
    path: String,
    pub(crate) allowance: Allowance,
    kind: ResponseKind,
    /// Given up, and counted as cut.
    pub(crate) cut: bool,
    /// The code that serves it has panicked, and the driver has ended it.
    pub(crate) panicked: bool,
    /// The response has ended, and its bytes have not left yet.
    ended: bool,
    wait: Wait,
    room: Room,
}

/// The longest memory for a path that is kept for the next exchange.
const KEPT_PATH: usize = 256;

/// The wait for the head, or for the next part of a body that can be ended early.
#[derive(Debug)]
enum Wait {
    No,
    /// This task waits.
    Task(Waker),
    /// This limit has passed, and the task does not know yet.
    TimedOut(ResponseLimit),
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
    /// The exchange of this request, with its number, from 1.
    pub(crate) fn new(
        serial: u64,
        (method, uri): (&Method, &Uri),
        allowance: Allowance,
    ) -> Exchange {
        Exchange {
            serial,
            method: method.clone(),
            path: path_of(uri).to_owned(),
            allowance,
            kind: ResponseKind::Request,
            cut: false,
            panicked: false,
            ended: false,
            wait: Wait::No,
            room: Room::NotAwaited,
        }
    }

    /// Another exchange begins in the place of one that was [released](Self::release).
    pub(crate) fn begin_again(
        &mut self,
        serial: u64,
        (method, uri): (&Method, &Uri),
        allowance: Allowance,
    ) {
        self.serial = serial;
        self.allowance = allowance;
        self.method.clone_from(method);
        self.path.push_str(path_of(uri));
    }

    /// It is over, and its bytes have left: from here on it is a free place.
    pub(crate) fn release(&mut self) {
        self.serial = 0;
        self.kind = ResponseKind::Request;
        self.cut = false;
        self.panicked = false;
        self.ended = false;
        self.wait = Wait::No;
        self.room = Room::NotAwaited;
        // A method of the client's own may be as long as a head.
        self.method = Method::GET;
        self.path.clear();
        self.path.shrink_to(KEPT_PATH);
    }

    /// Whether it is a free place.
    pub(crate) fn is_released(&self) -> bool {
        self.serial == 0
    }

    /// Its number among those of its connection, from 1.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// What it is called in logs and reports: `GET /orders/7 from 10.0.0.7:41000, 1.2 s`.
    pub(crate) fn name(&self, from: &Address, now: Instant) -> String {
        let age = now
            .saturating_duration_since(self.allowance.started())
            .as_secs_f32();
        format!("{} {} from {from}, {age:.1} s", self.method, self.path)
    }

    pub(crate) fn mark_ended(&mut self) {
        self.ended = true;
        self.wait = Wait::No;
        self.room = Room::NotAwaited;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// How long after the beginning of the drain the driver ends the response, if it does.
    pub(crate) fn grace(&self, usual: Duration) -> Option<Duration> {
        self.kind.grace(usual).filter(|_| !self.ended)
    }

    pub(crate) fn mark_head_sent(&mut self) {
        // From here on another limit holds.
        self.allowance.end_own();
        if self.timed_out().is_some() {
            self.wait = Wait::No;
        }
    }

    /// The limit that has passed.
    pub(crate) fn timed_out(&self) -> Option<ResponseLimit> {
        match self.wait {
            Wait::TimedOut(limit) => Some(limit),
            Wait::No | Wait::Task(_) => None,
        }
    }

    /// The task of `cx` waits for the head, or for the next part of a body.
    pub(crate) fn leave_waker(&mut self, cx: &Context<'_>) {
        match &self.wait {
            Wait::Task(waker) if waker.will_wake(cx.waker()) => {}
            _ => self.wait = Wait::Task(cx.waker().clone()),
        }
    }

    /// Takes the waker of the task that waits.
    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        let Wait::Task(_) = self.wait else {
            return None;
        };
        match std::mem::replace(&mut self.wait, Wait::No) {
            Wait::Task(waker) => Some(waker),
            Wait::No | Wait::TimedOut(_) => None,
        }
    }

    /// The deadline of the head, or of the body, that is waited for. An exchange without a waiter is
    /// ready at every poll, or its handler runs: no task could be woken.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let Wait::Task(_) = self.wait else {
            return None;
        };
        let (deadline, _) = self.allowance.next()?;
        Some(deadline)
    }

    /// Marks that the limit which ends first has passed; gives the waker of the task that waits.
    pub(crate) fn time_out(&mut self) -> Option<Waker> {
        let (_, limit) = self.allowance.next()?;
        let waker = self.take_waker();
        self.wait = Wait::TimedOut(limit);
        waker
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

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("*", PathAndQuery::path)
}

#[cfg(test)]
mod tests;
