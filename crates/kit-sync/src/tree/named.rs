//! Named tasks: what is known of one from outside, and how it runs.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::node::Node;
use super::report::{Outcome, TaskReport};
use super::task::{Ending, TaskError, TaskResult};
use crate::error_chain;
use crate::panic::{Caught, catch, message};
use crate::polling::{Mark, polling};
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// What is known of a named task from outside.
#[derive(Debug)]
pub(super) struct TaskState {
    pub(super) name: Cow<'static, str>,
    pub(super) location: &'static Location<'static>,
    pub(super) spawned: Instant,
    pub(super) ending: Ending,
    pub(super) kind: Kind,
    /// Twice the number of polls, less one while in a poll. Written by the task alone.
    polls: AtomicU64,
    /// There while the task waits for something.
    nudge: Mutex<Option<Nudge>>,
    past: OnceLock<Past>,
}

/// What makes a task look whether it must end.
///
/// It is left with the task, and whoever left it then looks for the flag that says that the task
/// must end; whoever wants it to end raises the flag, and then takes the nudge. Both go through the
/// task's lock, so either the nudge is found or the flag is seen.
#[derive(Clone, Debug)]
pub(super) enum Nudge {
    Wake(Waker),
    /// Blocking work waits for a thread: until it has one, it can be taken back.
    TakeBack(AbortHandle),
}

impl Nudge {
    pub(super) fn give(self) {
        match self {
            Nudge::Wake(waker) => waker.wake(),
            Nudge::TakeBack(queued) => queued.abort(),
        }
    }
}

/// How a task ended. The common case, that it completed, is `None` and allocates nothing.
#[derive(Debug)]
struct Past {
    age: Duration,
    outcome: Option<Box<Outcome>>,
}

/// What a named task runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Kind {
    /// A future, on the runtime.
    Future,
    /// A closure, on a thread of the runtime's pool for blocking work.
    Blocking,
    /// A closure, on an operating-system thread of its own.
    Thread,
}

impl TaskState {
    pub(super) fn new(
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        ending: Ending,
        kind: Kind,
    ) -> TaskState {
        TaskState {
            name,
            location,
            spawned: Instant::now(),
            ending,
            kind,
            polls: AtomicU64::new(0),
            nudge: Mutex::new(None),
            past: OnceLock::new(),
        }
    }

    /// Whether its node waits for it.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.ending, Ending::MayBeLeftBehind { .. })
    }

    /// Polls begun so far, and whether one of them has not returned. Orders nothing: it is for
    /// people and for the watchdog.
    pub(super) fn polls(&self) -> (u64, bool) {
        let polls = self.polls.load(Ordering::Relaxed);
        (polls.div_ceil(2), polls % 2 == 1)
    }

    /// For what is not polled: it has a thread now.
    pub(super) fn begins(&self) {
        self.turn();
    }

    // One writer, so no read-modify-write.
    fn turn(&self) {
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls + 1, Ordering::Relaxed);
    }

    /// For [`Node::leave_nudge`], which looks for the flag afterwards.
    pub(super) fn leave_nudge(&self, nudge: Nudge) {
        *lock(&self.nudge) = Some(nudge);
    }

    pub(super) fn nudge(&self) -> Option<Nudge> {
        lock(&self.nudge).clone()
    }

    /// Notes how it ended. Called once.
    pub(super) fn end(&self, outcome: Outcome) {
        let _ = self.past.set(Past {
            age: self.spawned.elapsed(),
            outcome: match outcome {
                Outcome::Completed => None,
                other => Some(Box::new(other)),
            },
        });
    }

    /// Its age at its end, and how it ended; only of one that has.
    pub(super) fn past(&self) -> (Duration, &Outcome) {
        let past = self
            .past
            .get()
            .expect("asked only of tasks that have ended");
        let outcome = past.outcome.as_deref();
        (past.age, outcome.unwrap_or(&Outcome::Completed))
    }

    /// Of one that goes on.
    pub(super) fn report_still_running(&self, scope: &str) -> TaskReport {
        TaskReport::new(
            format!("{scope}/{}", self.name),
            self.location.to_string(),
            self.spawned.elapsed(),
            self.still_running(),
        )
        .of_named()
    }

    /// The outcome of one that has none yet.
    fn still_running(&self) -> Outcome {
        let why = match (&self.ending, self.kind) {
            (Ending::MayBeLeftBehind { reason }, _) => {
                let reason = reason.to_string();
                return Outcome::LeftBehind { reason };
            }
            (_, Kind::Future) if self.polls().1 => "it did not come back from its poll",
            (_, Kind::Future) => "the runtime has not polled it again yet",
            (_, Kind::Blocking) if self.polls().1 => "blocking work cannot be aborted",
            (_, Kind::Blocking) => "it never got a thread of the pool",
            (_, Kind::Thread) => "a thread cannot be aborted",
        };
        Outcome::Stuck {
            why: why.to_owned(),
        }
    }
}

/// Holds a named task's place in its node, and leaves it with the task's outcome when dropped.
#[derive(Debug)]
pub(super) struct TaskPlace {
    pub(super) node: Arc<Node>,
    pub(super) task: Arc<TaskState>,
    key: u32,
    waits: bool,
    ended: Ended,
}

/// The common case is free: a task that completed allocates nothing to say so.
#[derive(Debug)]
enum Ended {
    Dropped,
    Completed,
    Otherwise(Box<Outcome>),
}

impl TaskPlace {
    /// Gives the task's state back when the node has ended.
    pub(super) fn enter(node: &Arc<Node>, task: TaskState) -> Result<TaskPlace, Arc<TaskState>> {
        let task = Arc::new(task);
        let Some(key) = node.enter_task(&task) else {
            return Err(task);
        };
        Ok(TaskPlace {
            key,
            node: Arc::clone(node),
            task,
            waits: false,
            ended: Ended::Dropped,
        })
    }

    pub(super) fn must_end(&self) -> bool {
        self.node.must_end(&self.task)
    }

    /// Notes how the task ended.
    pub(super) fn judge<R: TaskResult>(
        &mut self,
        ended: Result<R, Caught>,
    ) -> Result<R::Value, TaskError> {
        let (outcome, result) = judge(ended);
        self.ended = match outcome {
            Outcome::Completed => Ended::Completed,
            other => Ended::Otherwise(Box::new(other)),
        };
        result
    }
}

impl Drop for TaskPlace {
    fn drop(&mut self) {
        let outcome = match std::mem::replace(&mut self.ended, Ended::Dropped) {
            Ended::Completed => Outcome::Completed,
            Ended::Otherwise(outcome) => *outcome,
            Ended::Dropped
                if self.task.ending == Ending::MayBeDropped && self.node.is_cancelled() =>
            {
                Outcome::Cancelled
            }
            Ended::Dropped => Outcome::Aborted,
        };
        if self.waits {
            // Reports keep what is known of a task; a waker would keep the task's memory, too.
            drop(lock(&self.task.nudge).take());
        }
        self.node.task_ended(self.key, &self.task, outcome);
    }
}

pin_project! {
    /// The future of a named task.
    pub(super) struct Named<F> {
        #[pin]
        pub(super) future: F,
        // After the future: the place is left once the future is gone.
        pub(super) place: TaskPlace,
    }
}

impl<F> Future for Named<F>
where
    F: Future<Output: TaskResult>,
{
    type Output = Result<<F::Output as TaskResult>::Value, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let place = this.place;
        if place.must_end() {
            return Poll::Ready(Err(TaskError::Aborted));
        }
        place.task.turn();
        let polled = polling(place.node.id, Mark::Task(place.key), || {
            catch(|| this.future.poll(cx))
        });
        place.task.turn();
        match polled {
            Ok(Poll::Ready(result)) => Poll::Ready(place.judge(Ok(result))),
            Err(caught) => Poll::Ready(place.judge::<F::Output>(Err(caught))),
            Ok(Poll::Pending) => {
                if !place.waits {
                    place.waits = true;
                    let nudge = Nudge::Wake(cx.waker().clone());
                    if place.node.leave_nudge(&place.task, nudge) {
                        return Poll::Ready(Err(TaskError::Aborted));
                    }
                }
                Poll::Pending
            }
        }
    }
}

/// How a task ended, for the report and for its handle.
fn judge<R: TaskResult>(ended: Result<R, Caught>) -> (Outcome, Result<R::Value, TaskError>) {
    match ended.map(TaskResult::into_result) {
        Ok(Ok(value)) => (Outcome::Completed, Ok(value)),
        Ok(Err(error)) => (
            Outcome::Failed {
                // Somebody else's code prints it.
                error: catch(|| error_chain(&*error))
                    .unwrap_or_else(|_| "an error that cannot be printed".to_owned()),
            },
            Err(TaskError::Failed(error)),
        ),
        Err(Caught { payload, location }) => {
            let message = message(&*payload).to_owned();
            // The drop of a payload may panic, too, with a payload that does the same.
            if let Err(again) = catch(|| drop(payload)) {
                std::mem::forget(again.payload);
            }
            let outcome = Outcome::Panicked {
                message: message.clone(),
                location: location.clone(),
            };
            (outcome, Err(TaskError::Panicked { message, location }))
        }
    }
}
