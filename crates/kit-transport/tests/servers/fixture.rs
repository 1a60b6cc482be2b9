//! A server under a context that the test drives.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use kit_sync::{Deadline, TaskTree};
use kit_transport::{Address, Context, Cut, Lifecycle, Listening, Server, Stage, grpc, http};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Longer than any wait of a test takes, also on a machine that stands still for seconds. No test that
/// passes waits until then.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// A limit that no test reaches. Where all others are as far away, only the limit under test can act.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

pub(crate) struct Fixture {
    /// The address with its port, or 0.0.0.0:0 if the server listens at a path.
    pub(crate) address: SocketAddr,
    pub(crate) listening: Address,
    pub(crate) all: Vec<Listening>,
    pub(crate) ctx: Context,
    pub(crate) life: watch::Sender<Lifecycle>,
    tree: TaskTree,
}

/// How a server ended.
pub(crate) struct Ended {
    pub(crate) took: Duration,
    pub(crate) ctx: Context,
    is_early: bool,
}

impl Fixture {
    pub(crate) async fn http(router: Router) -> Fixture {
        Fixture::start(http::Server::new(ANY_PORT, router)).await
    }

    pub(crate) async fn grpc(change: impl FnOnce(grpc::Server) -> grpc::Server) -> Fixture {
        Fixture::start(change(grpc::Server::new(ANY_PORT))).await
    }

    pub(crate) async fn start(server: impl Server) -> Fixture {
        Fixture::with(server, ::http::Extensions::new()).await
    }

    /// With values that an application's author adds for every request.
    pub(crate) async fn with(server: impl Server, extensions: ::http::Extensions) -> Fixture {
        let gate = kit_sync::Gate::new();
        Fixture::in_context(server, |ctx| ctx.with(gate, extensions)).await
    }

    /// In a context with more than a scope and a life.
    pub(crate) async fn in_context(
        server: impl Server,
        equip: impl FnOnce(Context) -> Context,
    ) -> Fixture {
        let tree = TaskTree::new("test");
        let mut beginning = Lifecycle::new();
        beginning.stage = Stage::Running;
        beginning.healthy = true;
        let (life, seen) = watch::channel(beginning);
        let scope = tree.scope().child(server.name());
        let ctx = equip(Context::new(scope, seen));
        let listening = server.start(&ctx).await.expect("it starts");
        let (all, listening) = (listening.clone(), listening[0].address().clone());
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Fixture {
            address: listening.ip().unwrap_or(nowhere),
            listening,
            all,
            ctx,
            life,
            tree,
        }
    }

    /// Begins a stop, whose deadline is `limit` from now: the server is a lame duck.
    pub(crate) fn lame_duck(&self, limit: Duration) {
        self.life.send_modify(|life| {
            life.stage = Stage::LameDuck;
            life.healthy = false;
            life.deadline = Some((Instant::now() + limit).into());
        });
    }

    /// Stops as an application does, with a deadline that is `limit` from now.
    pub(crate) async fn stop_within(self, limit: Duration) -> Ended {
        let start = Instant::now();
        self.lame_duck(limit);
        self.drain_since(start).await
    }

    /// Drains, and asserts that no task is left in the tree, whichever code spawned it.
    pub(crate) async fn drain(self) -> Ended {
        self.drain_since(Instant::now()).await
    }

    async fn drain_since(self, start: Instant) -> Ended {
        let deadline = self.life.borrow().deadline.clone();
        self.life.send_modify(|life| life.stage = Stage::Draining);
        let report = self.tree.close(start + 2 * PATIENCE).await;
        let end = Instant::now();
        assert!(report.on_time(), "left: {report:?}");
        Ended {
            took: end - start,
            ctx: self.ctx,
            is_early: deadline
                .as_ref()
                .map(Deadline::instant)
                .is_some_and(|at| end < at),
        }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn cut(&self, what: Cut, count: usize) -> &Ended {
        let cuts = self.ctx.cuts();
        assert_eq!(
            cuts.count_of(what),
            count,
            "{what}: {:?}",
            cuts.names_of(what)
        );
        self
    }

    #[track_caller]
    pub(crate) fn nothing_cut(&self) -> &Ended {
        self.cut(Cut::Request, 0)
            .cut(Cut::Stream, 0)
            .cut(Cut::Connection, 0)
    }

    /// The same for an attempt that a stall may spoil.
    pub(crate) fn try_early(&self) -> Result<(), Duration> {
        if self.is_early {
            Ok(())
        } else {
            Err(self.took)
        }
    }

    /// Asserts that no wait of the drain lasted until the deadline which was set when it began.
    #[track_caller]
    pub(crate) fn before_its_deadline(&self) -> &Ended {
        assert!(self.is_early, "took {:?}", self.took);
        self
    }

    #[track_caller]
    pub(crate) fn not_before(&self, milliseconds: u64) -> &Ended {
        assert!(
            self.took >= Duration::from_millis(milliseconds),
            "took {:?}",
            self.took
        );
        self
    }
}

/// Repeats an attempt that a stall of the machine may spoil; a fault spoils every one.
pub(crate) async fn in_one_of_five<E: Debug>(attempt: impl AsyncFn() -> Result<(), E>) {
    let mut failed = Vec::new();
    while failed.len() < 5 {
        match attempt().await {
            Ok(()) => return,
            Err(error) => failed.push(error),
        }
    }
    panic!("each attempt failed: {failed:?}");
}

/// Waits until no task is left in this runtime. The tasks of clients count too: they end with their
/// connections.
pub(crate) async fn no_task_is_left() {
    let metrics = Handle::current().metrics();
    let none = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let left = timeout(PATIENCE, none).await;
    assert!(left.is_ok(), "{} tasks are left", metrics.num_alive_tasks());
}
