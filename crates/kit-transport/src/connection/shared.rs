//! One connection, as its task and the drain share it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::Cut;
use crate::connection::notice::DrainNotice;
use crate::exchange::about::About;
use crate::exchange::exchanges::Exchanges;
use crate::exchange::last_response::LastResponse;
use crate::wire::meter::WireMeter;
use crate::wire::orders::Orders;
use crate::wire::preface::Preface;

/// One connection: its exchanges, and how it ends.
///
/// Its state is divided by the writers. The I/O writes the [`WireMeter`]; the service and
/// the bodies write the [`Exchanges`]; the task and the drain write the [`Orders`]; the drain alone
/// writes the notice. The task's clock is its own.
#[derive(Debug)]
pub(crate) struct Connection {
    exchanges: Arc<Exchanges>,
    notice: OnceLock<DrainNotice>,
    /// Its handshake has failed. Written before its place is given back, and read there.
    is_refused: AtomicBool,
    /// Held from the look whether the connection was killed to the kill: the task and the drain may
    /// find at the same time that it took too long, and one of them counts it.
    cutting: Mutex<()>,
}

impl Connection {
    pub(crate) fn new(about: About, last_response: LastResponse) -> Connection {
        let (meter, orders) = (WireMeter::default(), Orders::default());
        let exchanges = Exchanges::new(about, Arc::new(meter), Arc::new(orders), last_response);
        Connection {
            exchanges: Arc::new(exchanges),
            notice: OnceLock::new(),
            is_refused: AtomicBool::new(false),
            cutting: Mutex::default(),
        }
    }

    pub(crate) fn exchanges(&self) -> &Arc<Exchanges> {
        &self.exchanges
    }

    pub(crate) fn about(&self) -> &About {
        &self.exchanges.about
    }

    pub(crate) fn meter(&self) -> &Arc<WireMeter> {
        &self.exchanges.meter
    }

    pub(crate) fn orders(&self) -> &Arc<Orders> {
        &self.exchanges.orders
    }

    /// Asks it to close as soon as it can, or after a last look if it seems idle.
    pub(crate) fn begin_drain(&self, last_look: Duration) {
        let _ = self.notice.set(DrainNotice::now(last_look));
        self.exchanges.wake_task();
    }

    /// The drain's notice, once the drain has begun.
    pub(crate) fn notice(&self) -> Option<&DrainNotice> {
        self.notice.get()
    }

    /// Its TLS handshake has failed, or took too long.
    pub(crate) fn mark_refused(&self) {
        self.is_refused.store(true, Ordering::Relaxed);
    }

    /// Whether its TLS handshake has failed.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Makes every read and write fail, now and later.
    pub(crate) fn kill(&self) {
        self.orders().kill();
        self.exchanges.wake_task();
    }

    /// Ends the streams whose time is over, and the connection when it was upgraded; gives the names
    /// of what that cuts. The drain began `drained_for` ago, and `usual` is the grace of a stream.
    pub(crate) fn cut_streams(&self, drained_for: Duration, usual: Duration) -> Vec<(Cut, String)> {
        let _cutting = kit_sync::lock(&self.cutting);
        if self.orders().is_killed() {
            return Vec::new();
        }
        if self.exchanges.is_upgraded() {
            self.kill();
            return vec![(Cut::Stream, self.upgraded_name())];
        }
        let streams = self.exchanges.cut_streams(drained_for, usual);
        streams
            .into_iter()
            .map(|name| (Cut::Stream, name))
            .collect()
    }

    /// Kills it and gives the names of what that cuts: its exchanges, or the connection itself.
    pub(crate) fn cut(&self) -> Vec<(Cut, String)> {
        let _cutting = kit_sync::lock(&self.cutting);
        if self.orders().is_killed() {
            return Vec::new();
        }
        let is_upgraded = self.exchanges.is_upgraded();
        let (mut cuts, had_cut) = self.exchanges.cut_all();
        if is_upgraded {
            cuts.push((Cut::Stream, self.upgraded_name()));
        } else if cuts.is_empty() && !had_cut && !self.meter().is_lingering() {
            cuts.push((Cut::Connection, self.name()));
        }
        self.kill();
        cuts
    }

    fn upgraded_name(&self) -> String {
        let about = self.about();
        let age = about.age(Instant::now());
        format!("upgraded connection from {}, {age:.1} s", about.remote())
    }

    fn name(&self) -> String {
        let about = self.about();
        let state = match self.meter().preface() {
            Preface::Silent if !about.is_ready() => "handshake unfinished",
            Preface::Silent => "no byte sent",
            Preface::Greeting => "greeting unfinished",
            Preface::Http1 if self.exchanges.has_head() => "request head unfinished",
            Preface::Http1 => "idle",
            Preface::Http2 => "close not acknowledged",
        };
        let age = about.age(Instant::now());
        format!("connection from {}, {state}, {age:.1} s", about.remote())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;
    use std::sync::Barrier;
    use std::thread;

    use kit_sync::TaskTree;

    use super::*;
    use crate::Address;

    /// As after a stall, in which the grace of a connection and the deadline of the drain pass.
    #[tokio::test]
    async fn a_connection_that_its_task_and_the_drain_cut_at_once_is_counted_once() {
        const CONNECTIONS: usize = 10_000;
        let tree = TaskTree::new("test");
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let remote = Address::Ip(([10, 0, 0, 7], 41000).into());
                let scope = tree.scope().clone();
                let about = About::new(scope, Arc::default(), NonZeroU64::MIN, remote);
                Connection::new(about, LastResponse::new(Arc::default(), 0.5))
            })
            .collect();
        let together = Barrier::new(2);
        let cut_all = || {
            let cut = connections.iter().map(|connection| {
                together.wait();
                connection.cut().len()
            });
            cut.sum::<usize>()
        };
        let counted = thread::scope(|threads| {
            let task = threads.spawn(cut_all);
            let drain = threads.spawn(cut_all);
            task.join().unwrap() + drain.join().unwrap()
        });
        assert_eq!(counted, CONNECTIONS);
    }
}
