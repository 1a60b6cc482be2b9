//! The file descriptors of a process, as its servers share them for their connections.
//!
//! The system limits the descriptors of a process, not those of a server or an application. So there
//! is one budget in each process: nine tenths of what it may open. A server takes a descriptor from
//! it for each connection and gives it back when the connection's socket is closed. Each server has
//! a reserve, which the others cannot take, so that one with few connections (an admin server, a
//! port for probes) is reached while another one is flooded.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use tokio::sync::Notify;

/// The connections for which each server finds room whatever the others do: probes, scrapes and an
/// operator.
const RESERVE: usize = 16;

/// The budget of one process.
///
/// A mutex guards all numbers, and is held for a few additions, once when a connection begins and
/// once when it ends: every take therefore sees every earlier take, and the sum is never exceeded.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    servers: Mutex<Servers>,
    /// Notified when a server may have got room.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Servers {
    all: Vec<Server>,
    /// The descriptors that the process may open, as the last server has read it; `None`: any
    /// number.
    open_files: Option<usize>,
    next_id: u64,
}

#[derive(Debug)]
struct Server {
    id: u64,
    path: String,
    max_connections: usize,
    open: usize,
}

/// A server's part in the budget, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    descriptors: Arc<Descriptors>,
    id: u64,
}

/// A descriptor of one connection; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Descriptor {
    share: Arc<Share>,
}

/// The limit that a server without room has met, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    MaxConnections(usize),
    OpenFiles {
        budget: usize,
        open_files: usize,
        /// The servers of the process, each with its connections.
        used: Vec<(String, usize)>,
    },
}

impl Descriptors {
    /// The budget of this process. It is global because the system's limit is: two applications in
    /// one process share it.
    pub(crate) fn of_process() -> &'static Arc<Descriptors> {
        static PROCESS: LazyLock<Arc<Descriptors>> = LazyLock::new(Arc::default);
        &PROCESS
    }

    /// Adds a server, with the limit of the process as it is now. Connections that others have
    /// opened stay: until some of them end, a new server's reserve comes out of the tenth that is
    /// no connection's.
    pub(crate) fn join(
        self: &Arc<Descriptors>,
        path: &str,
        max_connections: usize,
        open_files: Option<usize>,
    ) -> Share {
        let mut servers = self.lock();
        let id = servers.next_id;
        servers.next_id += 1;
        servers.open_files = open_files;
        servers.all.push(Server {
            id,
            path: path.to_owned(),
            max_connections,
            open: 0,
        });
        drop(servers);
        let descriptors = Arc::clone(self);
        Share { descriptors, id }
    }

    fn lock(&self) -> MutexGuard<'_, Servers> {
        kit_sync::lock(&self.servers)
    }
}

impl Share {
    /// Takes a descriptor for a connection; `None` when the server has no room.
    pub(crate) fn take(self: &Arc<Share>) -> Option<Descriptor> {
        let mut servers = self.descriptors.lock();
        let server = servers.position(self.id)?;
        if servers.is_full(server) {
            return None;
        }
        servers.all[server].open += 1;
        drop(servers);
        let share = Arc::clone(self);
        Some(Descriptor { share })
    }

    pub(crate) fn is_full(&self) -> bool {
        let servers = self.descriptors.lock();
        let server = servers.position(self.id);
        server.is_none_or(|server| servers.is_full(server))
    }

    /// Resolves when the server has room, whichever server has given it back. Another server may
    /// be faster to take it.
    ///
    /// # Cancel safety
    /// May be dropped at any time.
    pub(crate) async fn room(&self) {
        loop {
            // Created before the question, so that a descriptor that is given back after it wakes this
            // future.
            let freed = self.descriptors.freed.notified();
            if !self.is_full() {
                return;
            }
            freed.await;
        }
    }

    /// Takes a descriptor as soon as there is room.
    ///
    /// # Cancel safety
    /// May be dropped at any time.
    pub(crate) async fn take_next(self: &Arc<Share>) -> Descriptor {
        loop {
            self.room().await;
            if let Some(descriptor) = self.take() {
                return descriptor;
            }
        }
    }

    /// The limit that keeps the server from more connections.
    pub(crate) fn limit(&self) -> Limit {
        let servers = self.descriptors.lock();
        let own = servers.position(self.id).map(|server| &servers.all[server]);
        let (open, max_connections) = own.map_or((0, 0), |own| (own.open, own.max_connections));
        match servers.open_files {
            Some(open_files) if open < max_connections => Limit::OpenFiles {
                budget: budget(open_files),
                open_files,
                used: servers
                    .all
                    .iter()
                    .map(|server| (server.path.clone(), server.open))
                    .collect(),
            },
            _ => Limit::MaxConnections(max_connections),
        }
    }
}

impl Servers {
    fn position(&self, id: u64) -> Option<usize> {
        self.all.iter().position(|server| server.id == id)
    }

    fn is_full(&self, server: usize) -> bool {
        let server = &self.all[server];
        server.open >= server.max_connections
            || (server.open >= self.reserve_of(server) && self.is_shared_part_full())
    }

    /// Whether all of the budget is taken that is in no server's reserve.
    fn is_shared_part_full(&self) -> bool {
        let Some(open_files) = self.open_files else {
            return false;
        };
        let (mut reserved, mut used) = (0, 0);
        for server in &self.all {
            let reserve = self.reserve_of(server);
            reserved += reserve;
            used += server.open.saturating_sub(reserve);
        }
        used >= budget(open_files).saturating_sub(reserved)
    }

    /// All reserves together are at most half of the budget, and each is at least one connection.
    fn reserve_of(&self, server: &Server) -> usize {
        let budget = self.open_files.map_or(usize::MAX, budget);
        let fair = (budget / 2 / self.all.len()).clamp(1, RESERVE);
        fair.min(server.max_connections)
    }
}

/// Nine tenths: the last one is for listeners, files and outgoing connections.
fn budget(open_files: usize) -> usize {
    (open_files / 10 * 9).max(1)
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let mut servers = self.share.descriptors.lock();
        let Some(server) = servers.position(self.share.id) else {
            return;
        };
        let was_full = servers.is_full(server) || servers.is_shared_part_full();
        servers.all[server].open -= 1;
        drop(servers);
        if was_full {
            self.share.descriptors.freed.notify_waiters();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut servers = self.descriptors.lock();
        servers.all.retain(|server| server.id != self.id);
        drop(servers);
        // The other servers share its reserve now.
        self.descriptors.freed.notify_waiters();
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::MaxConnections(most) => write!(f, "{most}, its max_connections"),
            Limit::OpenFiles {
                budget,
                open_files,
                used,
            } => {
                write!(
                    f,
                    "{budget} for all servers, because the process may open {open_files} files"
                )?;
                for (index, (server, open)) in used.iter().enumerate() {
                    let sign = if index == 0 { ':' } else { ',' };
                    write!(f, "{sign} {server} has {open}")?;
                }
                Ok(())
            }
        }
    }
}

/// The number of files that the process may have open; `None`: any.
#[cfg(unix)]
pub(crate) fn open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    usize::try_from(limit.current?).ok()
}

#[cfg(not(unix))]
pub(crate) fn open_files() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const ANY: usize = 20_000;

    fn join(descriptors: &Arc<Descriptors>, path: &str, most: usize, files: usize) -> Arc<Share> {
        Arc::new(descriptors.join(path, most, Some(files)))
    }

    /// Takes until there is no room.
    fn flood(share: &Arc<Share>) -> Vec<Descriptor> {
        std::iter::from_fn(|| share.take()).collect()
    }

    #[test]
    fn a_flooded_server_leaves_the_others_their_reserves() {
        let descriptors = Arc::default();
        let [http, grpc, admin] =
            ["http", "grpc", "admin"].map(|p| join(&descriptors, p, ANY, 256));
        let flooded = flood(&http);
        assert_eq!(flooded.len(), 225 - 2 * RESERVE);
        let others = (flood(&grpc), flood(&admin));
        assert_eq!((others.0.len(), others.1.len()), (RESERVE, RESERVE));
        assert!(http.is_full() && grpc.is_full() && admin.is_full());
    }

    #[test]
    fn a_server_alone_has_the_whole_budget_and_without_a_limit_its_own() {
        let descriptors = Arc::default();
        let alone = join(&descriptors, "http", ANY, 1024);
        assert_eq!(flood(&alone).len(), 918);
        let descriptors = Arc::default();
        let own = join(&descriptors, "http", 100, 1024);
        let open = flood(&own);
        assert_eq!(open.len(), 100);
        assert_eq!(own.limit(), Limit::MaxConnections(100));
        assert_eq!(own.limit().to_string(), "100, its max_connections");
        let endless = Arc::new(Descriptors::join(&Arc::default(), "http", 3000, None));
        assert_eq!(flood(&endless).len(), 3000);
        assert!(matches!(endless.limit(), Limit::MaxConnections(3000)));
    }

    #[test]
    fn a_process_that_may_open_few_files_has_a_connection_for_each_server() {
        for files in [0, 1, 10, 20, 60] {
            let descriptors = Arc::default();
            let all = [0; 3].map(|_| join(&descriptors, "http", ANY, files));
            let open = all.each_ref().map(flood);
            let numbers = open.each_ref().map(Vec::len);
            assert!(numbers.iter().all(|number| *number > 0), "{numbers:?}");
            let sum: usize = numbers.iter().sum();
            assert!(sum <= budget(files).max(3), "{numbers:?} of {files}");
        }
    }

    #[test]
    fn a_server_that_has_ended_leaves_its_reserve_to_the_others() {
        let descriptors = Arc::default();
        let [http, admin] = ["http", "admin"].map(|path| join(&descriptors, path, ANY, 100));
        let mut open = flood(&http);
        assert_eq!(open.len(), 74);
        let open_admin = admin.take();
        drop(admin);
        assert!(http.is_full(), "its connection still lives");
        drop(open_admin);
        open.extend(flood(&http));
        assert_eq!(open.len(), 90);
    }

    #[test]
    fn a_server_that_waits_is_woken_by_whichever_gives_one_back() {
        let descriptors = Arc::default();
        let [http, grpc] = ["http", "grpc"].map(|path| join(&descriptors, path, ANY, 100));
        let (mut open, reserve) = (flood(&http), flood(&grpc));
        assert_eq!((open.len(), reserve.len()), (74, 16));
        let mut room = pin!(grpc.room());
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(room.as_mut().poll(&mut cx), Poll::Pending);
        open.pop();
        assert_eq!(room.as_mut().poll(&mut cx), Poll::Ready(()));
        assert!(grpc.take().is_some());
    }

    #[test]
    fn a_server_that_waits_at_its_own_limit_is_woken_by_its_own_connections() {
        let descriptors = Arc::default();
        let [http, _admin] = ["http", "admin"].map(|path| join(&descriptors, path, 1, 1024));
        let open = http.take();
        let mut room = pin!(http.room());
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(room.as_mut().poll(&mut cx), Poll::Pending);
        drop(open);
        assert_eq!(room.as_mut().poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn the_limit_of_the_process_names_its_servers() {
        let descriptors = Arc::default();
        let [http, grpc] = ["app/http", "app/grpc"].map(|path| join(&descriptors, path, ANY, 400));
        let _open = (flood(&http), grpc.take());
        assert_eq!(
            http.limit().to_string(),
            "360 for all servers, because the process may open 400 files: app/http has 344, \
             app/grpc has 1"
        );
    }
}
