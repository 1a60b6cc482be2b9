//! Named tasks that block: on the runtime's pool, or on a separate thread.

use std::borrow::Cow;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::ending::{Ending, Kind};
use super::hold::Refused;
use super::named::TaskPlace;
use super::node::Node;
use super::task::{Task, TaskError, TaskResult};
use super::task_state::{Nudge, TaskState};
use crate::StopToken;
use crate::panic::catch;

pub(super) fn spawn<R: TaskResult>(
    node: &Arc<Node>,
    name: Cow<'static, str>,
    location: &'static Location<'static>,
    body: impl FnOnce(StopToken) -> R + Send + 'static,
) -> Task<R::Value> {
    let state = TaskState::new(name, location, Ending::WhenCancelled, Kind::Blocking);
    let place = match TaskPlace::enter(node, state) {
        Ok(place) => place,
        Err(state) => return Task::refused(state),
    };
    let task = Arc::clone(&place.task);
    let work = Work::new(place, body);
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a tree's blocking work starts"
    )]
    let running = node.shared.runtime().spawn_blocking(move || work.run().0);
    if node.leave_nudge(&task, Nudge::TakeBack(running.abort_handle())) {
        running.abort();
    }
    Task::in_runtime(task, running)
}

pub(super) fn spawn_thread<R: TaskResult>(
    node: &Arc<Node>,
    name: Cow<'static, str>,
    location: &'static Location<'static>,
    body: impl FnOnce(StopToken) -> R + Send + 'static,
) -> io::Result<Task<R::Value>> {
    if name.contains('\0') {
        let why = format!("the name of a thread cannot hold a NUL, and {name:?} does");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let thread = std::thread::Builder::new().name(name.to_string());
    let state = TaskState::new(name, location, Ending::WhenCancelled, Kind::Thread);
    let place = TaskPlace::enter(node, state).map_err(|_| io::Error::other(Refused))?;
    let task = Arc::clone(&place.task);
    let work = Work::new(place, body);
    let (result, awaited) = oneshot::channel();
    let thread = thread.spawn(move || {
        let (ended, place) = work.run();
        // Before the place is left: a value without a receiver is dropped here.
        let _ = result.send(ended);
        drop(place);
    })?;
    node.life.keep_thread(thread);
    Ok(Task::on_thread(task, awaited))
}

struct Work<B> {
    body: B,
    // After the body: the place is left once the captures of the body are gone.
    place: TaskPlace,
}

impl<B> Work<B> {
    fn new(place: TaskPlace, body: B) -> Work<B> {
        Work { body, place }
    }

    fn run<R: TaskResult>(self) -> (Result<R::Value, TaskError>, TaskPlace)
    where
        B: FnOnce(StopToken) -> R,
    {
        let Work { body, mut place } = self;
        if place.must_end() {
            drop(body);
            return (Err(TaskError::Aborted), place);
        }
        place.task.count_turn();
        // A child: cancelling it must not cancel the token of the scope and leave the scope open.
        let token = place.node.life.token.child();
        let ended = catch(|| body(token));
        let ended = place.settle(ended);
        (ended, place)
    }
}
