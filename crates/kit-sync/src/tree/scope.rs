//! A scope: where tasks are started, cancelled and waited for.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::contents::OnAbort;
use super::ending::{Ending, Kind};
use super::hold::{self, Hold, Refused};
use super::named::{Named, TaskPlace};
use super::node::Node;
use super::records::Records;
use super::report::{CloseReport, TaskReport};
use super::sites::place;
use super::snapshot::TreeSnapshot;
use super::supervisor::{Supervised, Supervisor};
use super::task::{Task, TaskResult};
use super::task_state::TaskState;
use super::{blocking, member};
use crate::polling::{Mark, Polling};
use crate::sync::{timeout, timeout_at};
use crate::{Cause, Deadline, StopToken};

/// How long `close` waits after the deadline for aborted tasks to be gone.
const ABORT_GRACE: Duration = Duration::from_millis(50);

/// A time that no wait of a program reaches.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A clonable handle to one node of a [`TaskTree`](crate::TaskTree): a name, a stop token, tasks
/// and children.
///
/// A scope is *open*; *cancelled*, when spawning still works (a draining server
/// must start the streams of the connections it has); and *ended* when it was cancelled and is
/// empty, or its deadline has passed. Only an ended scope refuses.
#[derive(Clone)]
pub struct Scope {
    pub(super) node: Arc<Node>,
}

/// The task that a thread polls.
pub(crate) struct Poller {
    pub(crate) path: String,
    pub(crate) place: String,
    pub(crate) errand: Option<String>,
}

/// The value that awaiting a task with this future gives.
type ValueOf<F> = <<F as Future>::Output as TaskResult>::Value;

impl Scope {
    pub(super) fn of(node: Arc<Node>) -> Scope {
        Scope { node }
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.node.name()
    }

    /// The names from the root to here, such as `helloworld/http`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.node.path()
    }

    /// A scope below this one; it is cancelled with this one and ends before it. One without tasks
    /// goes away with its last handle. Below a scope that was cancelled already it is born
    /// cancelled, and ended, since it is empty: a draining part takes the scopes that it will need
    /// before.
    #[must_use]
    pub fn child(&self, name: impl AsRef<str>) -> Scope {
        Scope::of(Node::child(&self.node, name.as_ref(), None))
    }

    /// A scope below this one, and a supervisor that sees when its named tasks have all ended. The
    /// scope should have one task that lasts: between two short ones none is alive.
    #[must_use]
    pub fn supervised_child(&self, name: impl AsRef<str>) -> (Scope, Supervisor) {
        let supervised = Arc::new(Supervised::below(self.node.life.supervised.clone()));
        let node = Node::child(&self.node, name.as_ref(), Some(Arc::clone(&supervised)));
        (Scope::of(node), Supervisor { supervised })
    }

    /// Has `observe` called for each task or member of this scope, or of a scope below it, that
    /// fails or panics: when it happens, and before a [`close`](Self::close) that waits for it
    /// returns. Of several scopes with an observer above a task the nearest one is called. It is
    /// called where the task ended, so it must not block.
    ///
    /// The first observer of a scope stays; returns whether it is this one.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tree = kit_sync::TaskTree::new("example");
    /// let (sent, failed) = mpsc::channel();
    /// tree.scope().observe_failures(move |task| _ = sent.send(task.path()));
    /// let scope = tree.scope().child("outbox");
    /// let poll = scope.spawn("poll", async { Err::<(), _>("no route".into()) });
    /// poll.await.unwrap_err();
    /// assert_eq!(failed.recv().unwrap(), "example/outbox/poll");
    /// # }
    /// ```
    pub fn observe_failures(&self, observe: impl Fn(&TaskReport) + Send + Sync + 'static) -> bool {
        self.node.observer.set(Box::new(observe))
    }

    /// The tasks that live in this scope and below it now.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tree = kit_sync::TaskTree::new("example");
    /// let http = tree.scope().child("http");
    /// http.spawn("accept", std::future::pending::<()>());
    /// tokio::task::yield_now().await;
    /// let snapshot = tree.tree();
    /// assert_eq!(snapshot.scopes[0].tasks[0].polls, 1);
    /// // example
    /// // └─ http
    /// //    └─ accept  0 ms, src/main.rs:3:6, 1 poll
    /// println!("{snapshot}");
    /// # }
    /// ```
    #[must_use]
    pub fn tree(&self) -> TreeSnapshot {
        TreeSnapshot::of(&self.node)
    }

    /// Sets the words for the numbers that tasks of this scope, and of scopes below without words,
    /// give to [`on_errand`](crate::on_errand). The first call counts.
    ///
    /// A watchdog's thread calls it when a poll does not return, so it takes no lock that is held
    /// during a poll. It lives as long as the scope: it must hold its table of errands weakly, if
    /// that in turn holds the scope. An errand that is over is `None`.
    pub fn describe_errands(
        &self,
        words: impl Fn(NonZeroU64) -> Option<String> + Send + Sync + 'static,
    ) {
        self.node.errands.set(Box::new(words));
    }

    /// The task that a thread says it polls, if it lives here or below.
    pub(crate) fn poller(&self, polling: &Polling) -> Option<Poller> {
        let mut nodes = self.node.subtree().into_iter();
        let node = nodes.find(|node| node.id == polling.scope)?;
        let (name, place) = match polling.mark() {
            Mark::Task(key) => {
                let task = node.task(key)?;
                (task.name.to_string(), place(task.location))
            }
            Mark::Member(site) => ("(unnamed)".to_owned(), node.place(site)),
        };
        Some(Poller {
            path: format!("{}/{name}", node.path()),
            place,
            errand: node.errand(polling.errand),
        })
    }

    // === tasks ===

    /// Starts a task that ends [when its scope is cancelled](Ending::WhenCancelled). On an ended
    /// scope the future is dropped and the task gives
    /// [`TaskError::Refused`](crate::TaskError::Refused).
    ///
    /// It may go to another thread and outlive its caller, so it borrows nothing and is `Send`:
    ///
    /// ```compile_fail,E0373
    /// # async fn of(scope: kit_sync::Scope) {
    /// let text = String::from("borrowed");
    /// scope.spawn("print", async { println!("{text}") });
    /// # }
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use std::pin::Pin;
    /// # async fn of(scope: kit_sync::Scope) {
    /// let local: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async {});
    /// scope.spawn("local", local);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Task<<F::Output as TaskResult>::Value>
    where
        F: Future<Output: TaskResult> + Send + 'static,
    {
        self.spawn_as(name, Ending::WhenCancelled, future)
    }

    /// Like [`spawn`](Self::spawn), for a future that gives a value and has no error. The task
    /// still fails when it panics, is aborted or is refused.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tree = kit_sync::TaskTree::new("example");
    /// let sum = tree.scope().spawn_value("sum", async { (0..10).sum::<u32>() });
    /// assert_eq!(sum.await.unwrap(), 45);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_value<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.spawn(name, async move { Ok(future.await) })
    }

    /// Starts a task and says how it ends.
    #[track_caller]
    pub fn spawn_as<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        ending: Ending,
        future: F,
    ) -> Task<<F::Output as TaskResult>::Value>
    where
        F: Future<Output: TaskResult> + Send + 'static,
    {
        self.spawn_at(Location::caller(), name, ending, future)
    }

    /// Like [`spawn_as`](Self::spawn_as), with the place that snapshots, reports and the watchdog show: for a
    /// library that spawns a function which it was given, and knows where.
    ///
    /// ```
    /// use std::panic::Location;
    ///
    /// use kit_sync::{Ending, TaskTree};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tree = TaskTree::new("example");
    /// let given_at = Location::caller();
    /// let task = tree.scope().spawn_at(given_at, "work", Ending::Finite, async { Ok(7) });
    /// assert_eq!(task.await.unwrap(), 7);
    /// # }
    /// ```
    pub fn spawn_at<F>(
        &self,
        place: &'static Location<'static>,
        name: impl Into<Cow<'static, str>>,
        ending: Ending,
        future: F,
    ) -> Task<<F::Output as TaskResult>::Value>
    where
        F: Future<Output: TaskResult> + Send + 'static,
    {
        self.start(place, name.into(), ending, future)
            .unwrap_or_else(|(_, state)| Task::refused(state))
    }

    /// Like [`spawn`](Self::spawn).
    ///
    /// # Errors
    /// Gives the future back, unpolled, when the scope has ended.
    #[track_caller]
    pub fn try_spawn<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Result<Task<<F::Output as TaskResult>::Value>, F>
    where
        F: Future<Output: TaskResult> + Send + 'static,
    {
        let place = Location::caller();
        self.start(place, name.into(), Ending::WhenCancelled, future)
            .map_err(|(future, _)| future)
    }

    fn start<F>(
        &self,
        place: &'static Location<'static>,
        name: Cow<'static, str>,
        ending: Ending,
        future: F,
    ) -> Result<Task<ValueOf<F>>, (F, Arc<TaskState>)>
    where
        F: Future<Output: TaskResult> + Send + 'static,
    {
        let state = TaskState::new(name, place, ending, Kind::Future);
        let place = match TaskPlace::enter(&self.node, state) {
            Ok(place) => place,
            Err(state) => return Err((future, state)),
        };
        let state = Arc::clone(&place.task);
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where a tree's tasks start"
        )]
        let running = self.node.shared.runtime().spawn(Named { future, place });
        Ok(Task::in_runtime(state, running))
    }

    /// Starts a closure that blocks, on the runtime's pool for that. It is cancelled by the token
    /// that it is given, and waited for. Once it runs it cannot be aborted, and one that does not
    /// end is reported as stuck; as long as it waits for a thread of the pool, it is taken back.
    ///
    /// Work that lasts as long as the program should have a separate
    /// [thread](Self::spawn_thread): the pool is bounded.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tree = kit_sync::TaskTree::new("example");
    /// let sum = tree.scope().spawn_blocking("sum", |stop| {
    ///     let mut sum = 0_u64;
    ///     for n in 0..1_000 {
    ///         if stop.is_cancelled() {
    ///             return Err("cancelled".into());
    ///         }
    ///         sum += n;
    ///     }
    ///     Ok(sum)
    /// });
    /// assert_eq!(sum.await.unwrap(), 499_500);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<R: TaskResult>(
        &self,
        name: impl Into<Cow<'static, str>>,
        body: impl FnOnce(StopToken) -> R + Send + 'static,
    ) -> Task<R::Value> {
        blocking::spawn(&self.node, name.into(), Location::caller(), body)
    }

    /// Starts an operating-system thread with the task's name. It is cancelled by the token that it
    /// is given, waited for, and joined; a thread cannot be aborted, and one that does not end is
    /// reported as stuck.
    ///
    /// # Errors
    /// When the scope has ended ([`Refused`]), or the system has no thread to give.
    #[track_caller]
    pub fn spawn_thread<R: TaskResult>(
        &self,
        name: impl Into<Cow<'static, str>>,
        body: impl FnOnce(StopToken) -> R + Send + 'static,
    ) -> io::Result<Task<R::Value>> {
        blocking::spawn_thread(&self.node, name.into(), Location::caller(), body)
    }

    /// Starts an unnamed member, such as the task of a connection: counted, and aborted at the
    /// deadline. A panic in it is among the failures of the report. It has no handle, so it has no
    /// value, nor an error that would be lost:
    ///
    /// ```compile_fail,E0271
    /// # fn of(scope: kit_sync::Scope) {
    /// let _ = scope.track(async { std::fs::remove_file("lock") });
    /// # }
    /// ```
    ///
    /// # Errors
    /// Gives the future back, unpolled, when the scope has ended.
    #[track_caller]
    pub fn track<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        member::track(&self.node, future, Location::caller())
    }

    /// Counts in something that is not a task, such as a socket that was handed away: the scope
    /// is alive until the hold is dropped. At the deadline `on_abort` is called, which should
    /// make that happen.
    ///
    /// # Errors
    /// [`Refused`] when the scope has ended.
    #[track_caller]
    pub fn hold(&self, on_abort: impl FnOnce() + Send + 'static) -> Result<Hold, Refused> {
        let on_abort = OnAbort {
            end: Box::new(on_abort),
            held_at: Location::caller(),
        };
        hold::hold(&self.node, on_abort)
    }

    /// Keeps the scope from ending before the hold is dropped, also after it was cancelled: for
    /// code outside of the scope that will still spawn into it. A scope that was cancelled and is
    /// empty has ended, and refuses.
    ///
    /// The hold does not keep the scope open beyond the deadline of a [`close`](Self::close): the
    /// scope ends then, and the report counts the hold as [stuck](CloseReport::stuck_holds). A
    /// holder that must act at the deadline uses [`hold`](Self::hold).
    ///
    /// # Errors
    /// [`Refused`] when the scope has ended.
    ///
    /// ```
    /// use kit_sync::{Cause, TaskTree};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), kit_sync::Refused> {
    /// let tree = TaskTree::new("example");
    /// let streams = tree.scope().child("streams");
    /// let open = streams.keep_open()?;
    /// streams.cancel(Cause::Requested("a drain".to_owned()));
    /// assert!(streams.try_spawn("goodbye", async {}).is_ok());
    /// drop(open);
    /// streams.close(tokio::time::Instant::now()).await;
    /// assert!(streams.try_spawn("too late", async {}).is_err());
    /// assert!(streams.keep_open().is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn keep_open(&self) -> Result<Hold, Refused> {
        self.hold(|| ())
    }

    // === ending ===

    /// The stop token of its tasks: for waiting and looking. To cancel them, use
    /// [`cancel`](Self::cancel), which marks the scope, too.
    #[must_use]
    pub fn token(&self) -> &StopToken {
        &self.node.life.token
    }

    /// Cancels the scope and every scope below it. Returns whether this call was the first.
    pub fn cancel(&self, cause: Cause) -> bool {
        self.node.cancel(cause)
    }

    /// Resolves when the scope is cancelled.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn cancelled(&self) {
        self.node.life.token.cancelled().await;
    }

    /// Whether the scope was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.life.is_cancelled()
    }

    /// Whether the scope has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.node.life.is_ended()
    }

    /// How many tasks and members live in it, plus one for each child that has not ended. Tasks
    /// that may be left behind are not counted: no close waits for them.
    #[must_use]
    pub fn live(&self) -> usize {
        self.node.life.count()
    }

    /// Cancels the scope, waits until it has ended, aborts the tasks that are left at the deadline,
    /// and reports the outcome of its tasks and of those below it. Returns at most 50 ms after the
    /// deadline, as long as one thread of the runtime is free; to wake a hundred thousand tasks for
    /// their abort takes longer, and a task that the runtime has not dropped by then is reported as
    /// stuck.
    ///
    /// The report covers the tasks that no earlier report had: of two calls at once the one that
    /// comes first has it all, and a later call lists the tasks that still live. The first deadline
    /// that passes ends the scope. A task of the scope that awaits its close waits for itself,
    /// until the deadline.
    ///
    /// # Cancel safety
    /// Once called, the scope stays cancelled. May be dropped and called again.
    pub async fn close(&self, deadline: Instant) -> CloseReport {
        let started = Instant::now();
        self.cancel(Cause::Requested("its scope is closed".to_owned()));
        let ended = timeout_at(deadline, self.node.life.until_ended()).await;
        // Held before the abort: their records stay with them until they are taken below.
        let nodes = self.node.subtree();
        if ended.is_err() {
            self.node.abort();
        }
        let gone = async {
            for node in &nodes {
                node.life.until_empty().await;
            }
        };
        // A task that is still there then is in the report.
        let _ = timeout(ABORT_GRACE, gone).await;
        let records = nodes.iter().map(|node| {
            node.life.join_threads();
            node.take_records()
        });
        Records::into_report(records.collect(), started.elapsed())
    }

    /// [Closes](Self::close) by a deadline that may move while this waits.
    ///
    /// # Cancel safety
    /// As [`close`](Self::close).
    pub async fn close_by(&self, deadline: &Deadline) -> CloseReport {
        tokio::select! {
            biased;
            report = self.close(Instant::now() + FAR) => report,
            () = deadline.passed() => self.close(Instant::now()).await,
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("path", &self.path())
            .field("live", &self.live())
            .field("cancelled", &self.is_cancelled())
            .field("ended", &self.is_ended())
            .finish()
    }
}
