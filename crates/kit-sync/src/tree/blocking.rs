//! Named tasks that block: on the runtime's pool, or on a thread of their own.

use std::borrow::Cow;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::member::Refused;
use super::named::{Kind, TaskPlace, TaskState};
use super::node::Node;
use super::task::{Ending, Task, TaskError, TaskResult};
use crate::StopToken;
use crate::panic::catch;

pub(super) fn spawn<R: TaskResult>(
    node: &Arc<Node>,
    name: Cow<'static, str>,
    location: &'static Location<'static>,
    body: impl FnOnce(StopToken) -> R + Send + 'static,
) -> Task<R::Value> {
    let state = TaskState::new(name, location, Ending::WhenTold, Kind::Blocking);
    let Some(place) = TaskPlace::enter(node, state) else {
        return Task::refused();
    };
    let task = Arc::clone(&place.task);
    let token = node.token.clone();
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a tree's blocking work starts"
    )]
    let running = node
        .runtime
        .handle()
        .spawn_blocking(move || run(place, token, body));
    node.task_queued(&task, running.abort_handle());
    Task::in_runtime(running)
}

pub(super) fn spawn_thread<R: TaskResult>(
    node: &Arc<Node>,
    name: Cow<'static, str>,
    location: &'static Location<'static>,
    body: impl FnOnce(StopToken) -> R + Send + 'static,
) -> io::Result<Task<R::Value>> {
    let thread = std::thread::Builder::new().name(name.to_string());
    let state = TaskState::new(name, location, Ending::WhenTold, Kind::Thread);
    let place = TaskPlace::enter(node, state).ok_or_else(|| io::Error::other(Refused))?;
    let token = node.token.clone();
    let (result, awaited) = oneshot::channel();
    let thread = thread.spawn(move || {
        // Nobody may be waiting for it.
        let _ = result.send(run(place, token, body));
    })?;
    node.keep_thread(thread);
    Ok(Task::on_thread(awaited))
}

fn run<R: TaskResult>(
    mut place: TaskPlace,
    token: StopToken,
    body: impl FnOnce(StopToken) -> R,
) -> Result<R::Value, TaskError> {
    if place.must_end() {
        return Err(TaskError::Aborted);
    }
    let ended = catch(|| body(token));
    place.judge(ended)
}
