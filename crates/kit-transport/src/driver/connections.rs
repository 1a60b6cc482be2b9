//! All connections of one server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::conn::{Conn, Named};
use super::lame_duck::{self, LameDuck};
use super::options::ConnectionOptions;
use super::peer::Peer;
use crate::{Context, Cut};

/// The connections whose I/O lives, and what the ended ones leave behind: numbers.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) ctx: Context,
    pub(super) options: ConnectionOptions,
    inside: Mutex<Inside>,
    gone: Notify,
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
    pub(super) fn new(ctx: Context, options: ConnectionOptions) -> Connections {
        Connections {
            ctx,
            options,
            inside: Mutex::default(),
            gone: Notify::new(),
            lame_duck: Arc::default(),
            opened: AtomicU64::new(0),
        }
    }

    pub(super) fn open(self: &Arc<Connections>, peer: Peer) -> (Arc<Conn>, Place) {
        let n = self.opened.fetch_add(1, Ordering::Relaxed);
        let conn = Arc::new(Conn::new(
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

    /// How many connections there were, and how many requests have ended on those that are gone.
    pub(super) fn served(&self) -> (u64, u64) {
        (self.opened.load(Ordering::Relaxed), self.lock().requests)
    }

    /// HTTP/1.1 responses begin to close their connections, over half of this delay. Only the
    /// first call counts.
    pub(super) fn become_lame_duck(&self, drain_delay: Duration) {
        self.lame_duck
            .get_or_init(|| LameDuck::new(Instant::now(), drain_delay));
    }

    pub(super) fn count(&self, cut: Vec<Named>) {
        for (what, which) in cut {
            if what == Cut::Connection {
                tracing::debug!(%what, %which, "cut");
            } else {
                tracing::warn!(%what, %which, "cut");
            }
            self.ctx.count_cut(what, which);
        }
    }

    fn is_empty(&self) -> bool {
        let inside = self.lock();
        inside.places.len() == inside.free.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.connections.lock();
        let conn = inside.places[self.index].take();
        inside.free.push(self.index);
        inside.requests += conn.as_ref().map_or(0, |conn| conn.finished());
        let empty = inside.places.len() == inside.free.len();
        drop(inside);
        if empty {
            self.connections.gone.notify_one();
        }
    }
}
