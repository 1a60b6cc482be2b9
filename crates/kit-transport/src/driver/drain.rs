//! The end of a server: what is in flight is finished, what does not end is cut and counted.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::conn::Conn;
use super::connections::Connections;
use super::deadline::after;
use crate::{Cut, HandOver};

/// Streams that begin during the drain are looked for so often.
const AGAIN: Duration = Duration::from_millis(250);

/// A connection that is told while it seems idle: its next request may lie in the socket already,
/// and the runtime has not heard of it yet.
const LAST_LOOK: Duration = Duration::from_millis(20);
/// With a successor nobody is turned away meanwhile, so the request may also be on its way.
const SOFT_WAIT: Duration = Duration::from_millis(300);

/// Tells every connection, cuts streams after their grace and everything at the deadline, and
/// returns when the last connection's I/O is gone.
///
/// The deadline may move while this waits. Without one it waits for as long as it takes.
pub(super) async fn drain(connections: &Connections, hand_over: HandOver) {
    let told = Instant::now();
    let last_look = match hand_over {
        HandOver::None => LAST_LOOK,
        HandOver::SharedListener | HandOver::ReusePort => connections.at_most_a_fifth(SOFT_WAIT),
    };
    let connected = connections.all();
    let streams: usize = connected.iter().map(|conn| conn.tell(last_look)).sum();
    drop(connected);
    let mut life = connections.ctx.lifecycle();
    let mut watching = true;
    let mut swept = None;
    loop {
        let deadline = life.borrow_and_update().deadline;
        let grace = deadline
            .map(|deadline| deadline.saturating_duration_since(told) / 2)
            .map_or(connections.options.stream_grace, |half| {
                connections.options.stream_grace.min(half)
            });
        let sweep = swept.map_or_else(|| after(told, grace), |swept| swept + AGAIN);
        let next = deadline.map_or(sweep, |deadline| deadline.min(sweep));
        tokio::select! {
            biased;
            () = connections.all_gone() => break,
            changed = life.changed(), if watching => watching = changed.is_ok(),
            () = sleep_until(next) => {
                let now = Instant::now();
                if deadline.is_some_and(|deadline| deadline <= now) {
                    cut(connections, Conn::cut);
                    connections.all_gone().await;
                    break;
                }
                cut(connections, Conn::cut_graced);
                swept = Some(now);
            }
        }
    }
    report(connections, streams, told);
}

fn cut(connections: &Connections, how: impl Fn(&Conn) -> Vec<super::conn::Named>) {
    for conn in connections.all() {
        connections.count(how(&conn));
    }
}

fn report(connections: &Connections, streams: usize, told: Instant) {
    let (served, requests) = connections.served();
    let cuts = connections.ctx.cuts();
    tracing::info!(
        server = connections.ctx.scope().path(),
        connections = served,
        requests,
        streams_told = streams,
        cut_requests = cuts.count_of(Cut::Request),
        cut_streams = cuts.count_of(Cut::Stream),
        cut_connections = cuts.count_of(Cut::Connection),
        took = ?told.elapsed(),
        "drained",
    );
}
