//! Named tasks: how one runs, and how it leaves its node.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::ending::Ending;
use super::node::Node;
use super::outcome::Outcome;
use super::task::{TaskError, TaskResult};
use super::task_state::{Nudge, TaskState};
use crate::error_chain;
use crate::panic::{Caught, catch, discard, message};
use crate::polling::{Mark, polling};

/// Holds a named task's place in its node, and leaves it with the task's outcome when dropped.
#[derive(Debug)]
pub(super) struct TaskPlace {
    pub(super) node: Arc<Node>,
    pub(super) task: Arc<TaskState>,
    key: u32,
    waits: bool,
    /// Whether the task has its outcome. One that is dropped before was aborted.
    is_settled: bool,
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
            is_settled: false,
        })
    }

    pub(super) fn must_end(&self) -> bool {
        self.node.must_end(&self.task)
    }

    /// Sets the task's outcome, and gives what its handle gets.
    pub(super) fn settle<R: TaskResult>(
        &mut self,
        ended: Result<R, Caught>,
    ) -> Result<R::Value, TaskError> {
        let (outcome, result) = judge(ended);
        self.task.set_outcome(outcome);
        self.is_settled = true;
        result
    }
}

impl Drop for TaskPlace {
    fn drop(&mut self) {
        if !self.is_settled {
            let may_be_dropped = self.task.ending == Ending::MayBeDropped;
            self.task
                .set_outcome(if may_be_dropped && self.node.life.is_cancelled() {
                    Outcome::Cancelled
                } else {
                    Outcome::Aborted
                });
        }
        if self.waits {
            self.task.drop_nudge();
        }
        self.node.end_task(self.key, &self.task);
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
        place.task.count_turn();
        let polled = polling(place.node.id, Mark::Task(place.key), || {
            catch(|| this.future.poll(cx))
        });
        place.task.count_turn();
        match polled {
            Ok(Poll::Ready(result)) => Poll::Ready(place.settle(Ok(result))),
            Err(caught) => Poll::Ready(place.settle::<F::Output>(Err(caught))),
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
                // Foreign code prints it, and may panic.
                error: catch(|| error_chain(&*error))
                    .unwrap_or_else(|_| "an error that cannot be printed".to_owned()),
            },
            Err(TaskError::Failed(error)),
        ),
        Err(Caught { payload, location }) => {
            let message = message(&*payload).to_owned();
            discard(payload);
            let outcome = Outcome::Panicked {
                message: message.clone(),
                location: location.clone(),
            };
            (outcome, Err(TaskError::Panicked { message, location }))
        }
    }
}
