//! All connections of one server.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::connection::options::ConnectionOptions;
use crate::connection::serving::Serving;
use crate::connection::shared::Connection;
use crate::descriptors::{Descriptor, Descriptors, Share, open_files};
use crate::exchange::about::About;
use crate::exchange::lame_duck::{self, LameDuck};
use crate::exchange::last_response::LastResponse;
use crate::wire::peer::Peer;
use crate::{Address, Context, Traffic};

/// The connections whose I/O lives, and the counts of those that have gone.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) serving: Arc<Serving>,
    inside: Mutex<Inside>,
    gone: Notify,
    listening: Address,
    /// The descriptors that the connections may take.
    pub(crate) share: Arc<Share>,
    lame_duck: Arc<OnceLock<LameDuck>>,
    tally: Arc<Tally>,
}

/// The counts that outlive the connections.
#[derive(Debug, Default)]
struct Tally {
    opened: AtomicU64,
    /// Requests of connections that have gone. Written under the lock of the table.
    requests: AtomicU64,
    /// Connections that have gone and whose handshake had failed.
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Inside {
    places: Vec<Option<Arc<Connection>>>,
    free: Vec<usize>,
    /// Those of connections that have gone.
    drained_streams: usize,
}

/// A connection's place; given back when its I/O is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    index: usize,
    _descriptor: Descriptor,
}

impl Connections {
    pub(crate) fn new(ctx: Context, options: ConnectionOptions, listening: Address) -> Connections {
        let path = ctx.scope().path();
        let share = Descriptors::of_process().join(path, options.max_connections, open_files());
        Connections {
            serving: Arc::new(Serving::new(ctx, options)),
            listening,
            share: Arc::new(share),
            inside: Mutex::default(),
            gone: Notify::new(),
            lame_duck: Arc::default(),
            tally: Arc::default(),
        }
    }

    /// Enters a connection into the table. Its number places it on the ramp of the lame duck; its
    /// place is taken from those that are free, keeps the descriptor, and gives both back when it is
    /// dropped. The first connection makes the requests known to the watchdog and the application.
    pub(crate) fn open(
        self: &Arc<Connections>,
        peer: &Peer,
        descriptor: Descriptor,
    ) -> (Arc<Connection>, Place) {
        let n = self.tally.opened.fetch_add(1, Ordering::Relaxed);
        if n == 0 {
            self.describe_requests();
        }
        let number = NonZeroU64::MIN.saturating_add(n);
        let ctx = &self.serving.ctx;
        let about = About::new(
            ctx.scope().clone(),
            Arc::clone(ctx.app_values()),
            number,
            peer.remote.clone(),
        );
        let last_response = LastResponse::new(Arc::clone(&self.lame_duck), lame_duck::threshold(n));
        let connection = Arc::new(Connection::new(about, last_response));
        let mut inside = self.lock();
        let index = inside.free.pop().unwrap_or_else(|| {
            inside.places.push(None);
            inside.places.len() - 1
        });
        inside.places[index] = Some(Arc::clone(&connection));
        (
            connection,
            Place {
                connections: Arc::clone(self),
                index,
                _descriptor: descriptor,
            },
        )
    }

    /// From now on a watchdog names the request whose handler blocks its thread, and the
    /// application those that its stop waits for.
    fn describe_requests(self: &Arc<Connections>) {
        // The scope lives in the context, and so do the names.
        let connections = Arc::downgrade(self);
        self.serving.ctx.set_in_flight(move |most| {
            let Some(connections) = connections.upgrade() else {
                return Vec::new();
            };
            let mut names = Vec::new();
            for conn in connections.all() {
                names.extend(conn.exchanges().names(most - names.len()));
                if names.len() == most {
                    break;
                }
            }
            names
        });
        let connections = Arc::downgrade(self);
        self.serving.ctx.scope().describe_errands(move |errand| {
            let all = connections.upgrade()?.all();
            all.iter()
                .find_map(|conn| conn.exchanges().name_of_errand(errand))
        });
    }

    /// From now on the application can read what is accepted, served and refused.
    pub(crate) fn describe_traffic(self: &Arc<Connections>) {
        // The context keeps the function, and the connections keep the context.
        let (connections, tally) = (Arc::downgrade(self), Arc::clone(&self.tally));
        self.serving.ctx.set_traffic(move || {
            let connections = connections.upgrade();
            connections.map_or_else(|| tally.traffic(), |connections| connections.traffic())
        });
    }

    fn traffic(&self) -> Traffic {
        let inside = self.lock();
        let mut traffic = self.tally.traffic();
        traffic.open_connections = inside.len();
        for connection in inside.places.iter().flatten() {
            let (ended, in_flight) = connection.exchanges().counts();
            traffic.requests += ended;
            traffic.requests_in_flight += in_flight;
            traffic.refused_handshakes += u64::from(connection.is_refused());
        }
        traffic
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().places.iter().flatten().cloned().collect()
    }

    /// Resolves when there is no connection left.
    pub(crate) async fn all_gone(&self) {
        while !self.is_empty() {
            // `notify_one` stores a permit while no task waits, so an end in between is not missed.
            self.gone.notified().await;
        }
    }

    /// Which server it is and where it listens, for the log.
    pub(crate) fn place(&self) -> (&str, &Address) {
        (self.serving.ctx.scope().path(), &self.listening)
    }

    /// Resolves at this time, or at the deadline of the stop when that comes first.
    pub(crate) async fn until(&self, time: Instant) {
        let mut life = self.serving.ctx.lifecycle();
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
    pub(crate) fn at_most_a_fifth(&self, wait: Duration) -> Duration {
        let deadline = self.serving.ctx.lifecycle().borrow().deadline.clone();
        deadline.map_or(wait, |deadline| {
            wait.min(deadline.instant().saturating_duration_since(Instant::now()) / 5)
        })
    }

    /// How many connections there were, and how many requests have ended.
    pub(crate) fn served(&self) -> (u64, u64) {
        let inside = self.lock();
        let open = inside.places.iter().flatten();
        let running: u64 = open.map(|conn| conn.exchanges().finished()).sum();
        (
            self.tally.opened.load(Ordering::Relaxed),
            self.tally.requests.load(Ordering::Relaxed) + running,
        )
    }

    /// How many streams there were since the drain began.
    pub(crate) fn drained_streams(&self) -> usize {
        let inside = self.lock();
        let open = inside.places.iter().flatten();
        let open: usize = open.map(|conn| conn.exchanges().drained_streams()).sum();
        inside.drained_streams + open
    }

    /// HTTP/1.1 responses begin to close their connections, over half of this delay. Only the
    /// first call counts.
    pub(crate) fn become_lame_duck(&self, drain_delay: Duration) {
        self.lame_duck
            .get_or_init(|| LameDuck::new(Instant::now(), drain_delay));
    }

    fn is_empty(&self) -> bool {
        self.lock().len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        kit_sync::lock(&self.inside)
    }
}

impl Tally {
    /// Without what is open.
    fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.opened.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            refused_handshakes: self.refused.load(Ordering::Relaxed),
            ..Traffic::default()
        }
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
        let connection = inside.places[self.index].take();
        inside.free.push(self.index);
        if let Some(connection) = &connection {
            let (tally, requests) = (&self.connections.tally, connection.exchanges().finished());
            tally.requests.fetch_add(requests, Ordering::Relaxed);
            let refused = u64::from(connection.is_refused());
            tally.refused.fetch_add(refused, Ordering::Relaxed);
            if self.connections.serving.ctx.scope().is_cancelled() {
                inside.drained_streams += connection.exchanges().drained_streams();
            }
        }
        let left = inside.len();
        drop(inside);
        if left == 0 {
            self.connections.gone.notify_one();
        }
    }
}
