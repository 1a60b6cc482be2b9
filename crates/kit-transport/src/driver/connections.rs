//! All connections of one server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::conn::{Conn, Named};
use super::lame_duck::{self, LameDuck};
use super::options::ConnectionOptions;
use super::peer::Peer;
use crate::Context;

/// The connections whose I/O lives, and what the ended ones leave behind: numbers.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) ctx: Context,
    pub(super) options: ConnectionOptions,
    inside: Mutex<Inside>,
    gone: Notify,
    /// A connection has gone from a server that was full.
    room: Notify,
    shed: AtomicU64,
    lame_duck: Arc<OnceLock<LameDuck>>,
    opened: AtomicU64,
}

#[derive(Debug, Default)]
struct Inside {
    places: Vec<Option<Arc<Conn>>>,
    free: Vec<usize>,
    requests: u64,
}

/// A connection's place; given back when its I/O is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    index: usize,
}

impl Connections {
    pub(super) fn new(ctx: Context, mut options: ConnectionOptions) -> Connections {
        if let Some(most) = open_files().map(|files| (files / 10 * 9).max(1))
            && most < options.max_connections
        {
            tracing::debug!(
                server = ctx.scope().path(),
                asked_for = options.max_connections,
                most,
                "fewer connections, because the process may open few files"
            );
            options.max_connections = most;
        }
        Connections {
            ctx,
            options,
            inside: Mutex::default(),
            gone: Notify::new(),
            room: Notify::new(),
            shed: AtomicU64::new(0),
            lame_duck: Arc::default(),
            opened: AtomicU64::new(0),
        }
    }

    pub(super) fn open(self: &Arc<Connections>, peer: Peer) -> (Arc<Conn>, Place) {
        let n = self.opened.fetch_add(1, Ordering::Relaxed);
        let conn = Arc::new(Conn::new(
            self.ctx.scope().clone(),
            peer,
            lame_duck::threshold(n),
            Arc::clone(&self.lame_duck),
        ));
        let mut inside = self.lock();
        let index = inside.free.pop().unwrap_or_else(|| {
            inside.places.push(None);
            inside.places.len() - 1
        });
        inside.places[index] = Some(Arc::clone(&conn));
        (
            conn,
            Place {
                connections: Arc::clone(self),
                index,
            },
        )
    }

    pub(super) fn all(&self) -> Vec<Arc<Conn>> {
        self.lock().places.iter().flatten().cloned().collect()
    }

    /// Resolves when there is no connection left.
    pub(super) async fn all_gone(&self) {
        while !self.is_empty() {
            // It stores a permit when nobody waits, so an end in between is not missed.
            self.gone.notified().await;
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.lock().len() >= self.options.max_connections
    }

    /// Resolves when there is a place for one more connection.
    pub(super) async fn room(&self) {
        while self.is_full() {
            // It stores a permit when nobody waits, so one that goes in between is not missed.
            self.room.notified().await;
        }
    }

    /// A connection was closed because there was no place for it.
    pub(super) fn count_shed(&self) {
        self.shed.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were closed like that since somebody asked.
    pub(super) fn take_shed(&self) -> u64 {
        self.shed.swap(0, Ordering::Relaxed)
    }

    /// Resolves at this time, or at the deadline of the stop when that comes first.
    pub(super) async fn until(&self, time: Instant) {
        let mut life = self.ctx.lifecycle();
        loop {
            let deadline = life.borrow_and_update().deadline.clone();
            let passed = async {
                match &deadline {
                    Some(deadline) => deadline.passed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep_until(time) => return,
                () = passed => return,
                Ok(()) = life.changed() => {}
            }
        }
    }

    /// A wait of the drain's, which leaves most of the time to what is in flight.
    pub(super) fn at_most_a_fifth(&self, wait: Duration) -> Duration {
        let deadline = self.ctx.lifecycle().borrow().deadline.clone();
        deadline.map_or(wait, |deadline| {
            wait.min(deadline.instant().saturating_duration_since(Instant::now()) / 5)
        })
    }

    /// How many connections there were, and how many requests have ended.
    pub(super) fn served(&self) -> (u64, u64) {
        let inside = self.lock();
        let open = inside.places.iter().flatten();
        let running: u64 = open.map(|conn| conn.finished()).sum();
        (
            self.opened.load(Ordering::Relaxed),
            inside.requests + running,
        )
    }

    /// HTTP/1.1 responses begin to close their connections, over half of this delay. Only the
    /// first call counts.
    pub(super) fn become_lame_duck(&self, drain_delay: Duration) {
        self.lame_duck
            .get_or_init(|| LameDuck::new(Instant::now(), drain_delay));
    }

    pub(super) fn count(&self, cut: Vec<Named>) {
        for (what, which) in cut {
            // The application's report names it.
            tracing::debug!(%what, %which, "cut");
            self.ctx.count_cut(what, which);
        }
    }

    fn is_empty(&self) -> bool {
        self.lock().len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.connections.lock();
        let conn = inside.places[self.index].take();
        inside.free.push(self.index);
        inside.requests += conn.as_ref().map_or(0, |conn| conn.finished());
        let left = inside.len();
        drop(inside);
        if left == 0 {
            self.connections.gone.notify_one();
        }
        if left + 1 == self.connections.options.max_connections {
            self.connections.room.notify_one();
        }
    }
}

/// How many files the process may have open.
#[cfg(unix)]
fn open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    usize::try_from(limit.current?).ok()
}

#[cfg(not(unix))]
fn open_files() -> Option<usize> {
    None
}
