//! The end of a server: what is in flight is finished, what does not end is cut and counted.

pub(crate) mod connections;

use std::time::Duration;

use kit_sync::Deadline;
use tokio::time::{Instant, sleep_until, timeout};

use crate::connection::shared::Connection;
use crate::drain::connections::Connections;
use crate::time::after;
use crate::{Cut, Drained, HandOver};

/// How often streams that began during the drain are looked for.
const AGAIN: Duration = Duration::from_millis(250);

/// The last look of a connection that seems idle when the drain begins: its next request may lie in
/// the socket already, and the runtime has not polled it yet.
const LAST_LOOK: Duration = Duration::from_millis(20);
/// The same with a successor: no client is turned away meanwhile, so the request may also be on its
/// way.
const SOFT_WAIT: Duration = Duration::from_millis(300);

/// The time before the deadline at which streams that have asked for more are ended, so that their
/// clients get the last frames; at most a tenth of the drain.
const LAST_FRAMES: Duration = Duration::from_millis(100);

/// The time for connections that were cut to go. The application aborts the rest 50 ms after its
/// deadline.
const AFTER_THE_CUT: Duration = Duration::from_millis(25);

/// Gives every connection notice, cuts streams after their grace and everything at the deadline, and
/// returns when the last connection's I/O is gone.
///
/// The deadline may move while this waits. Without one it waits for as long as it takes.
pub(crate) async fn drain(connections: &Connections, hand_over: HandOver, begun: Begun) {
    let noticed = Instant::now();
    let last_look = match hand_over {
        HandOver::None => LAST_LOOK,
        HandOver::SharedListener | HandOver::ReusePort => connections.at_most_a_fifth(SOFT_WAIT),
    };
    for connection in connections.all() {
        connection.begin_drain(last_look);
    }
    let mut life = connections.serving.ctx.lifecycle();
    let mut watching = true;
    let mut swept = None;
    loop {
        let deadline = life.borrow_and_update().deadline.clone();
        let at = deadline.as_ref().map(Deadline::instant);
        let grace = at
            .map(|deadline| deadline.saturating_duration_since(noticed) / 2)
            .map_or(connections.serving.options.stream_grace, |half| {
                connections.serving.options.stream_grace.min(half)
            });
        let sweep = swept.map_or_else(|| after(noticed, grace), |swept| swept + AGAIN);
        let last_sweep = at.map(|deadline| {
            let left = deadline.saturating_duration_since(noticed);
            deadline - LAST_FRAMES.min(left / 10)
        });
        let ahead = last_sweep.filter(|last| swept.is_none_or(|swept| swept < *last));
        let next = [at, ahead].into_iter().flatten().fold(sweep, Instant::min);
        tokio::select! {
            biased;
            () = connections.all_gone() => break,
            changed = life.changed(), if watching => watching = changed.is_ok(),
            () = sleep_until(next) => {
                let now = Instant::now();
                if at.is_some_and(|deadline| deadline <= now) {
                    // The process may have stood still; then the deadline has moved.
                    if let Some(deadline) = &deadline && !deadline.has_passed().await {
                        continue;
                    }
                    cut(connections, Connection::cut);
                    // A handler that holds a socket and does not look at it is not waited for.
                    let _ = timeout(AFTER_THE_CUT, connections.all_gone()).await;
                    break;
                }
                let drained_for = match last_sweep {
                    Some(last) if last <= now => Duration::MAX,
                    _ => now.saturating_duration_since(noticed),
                };
                cut(connections, |connection| connection.cut_streams(drained_for, grace));
                swept = Some(now);
            }
        }
    }
    report(connections, &begun);
}

fn cut(connections: &Connections, how: impl Fn(&Connection) -> Vec<(Cut, String)>) {
    for connection in connections.all() {
        connections.serving.count(how(&connection));
    }
}

/// The counts at the beginning of the drain.
#[derive(Debug)]
pub(crate) struct Begun {
    at: Instant,
    open: usize,
    opened: u64,
    requests: u64,
}

impl Begun {
    pub(crate) fn now(connections: &Connections) -> Begun {
        let (opened, requests) = connections.served();
        Begun {
            at: Instant::now(),
            open: connections.all().len(),
            opened,
            requests,
        }
    }
}

fn report(connections: &Connections, begun: &Begun) {
    let (opened, requests) = connections.served();
    let accepted = usize::try_from(opened - begun.opened).unwrap_or(usize::MAX);
    let drained = Drained {
        connections: begun.open.saturating_add(accepted),
        requests: requests.saturating_sub(begun.requests),
        streams: connections.drained_streams(),
        took: begun.at.elapsed(),
    };
    let cuts = connections.serving.ctx.cuts();
    tracing::debug!(
        server = connections.serving.ctx.scope().path(),
        connections = drained.connections,
        requests = drained.requests,
        streams = drained.streams,
        cut_requests = cuts.count_of(Cut::Request),
        cut_streams = cuts.count_of(Cut::Stream),
        cut_connections = cuts.count_of(Cut::Connection),
        took = ?drained.took,
        "drained",
    );
    connections.serving.ctx.report_drained(drained);
}
