//! How the tasks of a tree come and go, in every order.

mod abort;
mod ending;
mod records;
mod sites;
mod supervisor;
mod word;

use std::future::{Future, pending, poll_fn};
use std::panic::Location;
use std::task::Poll;
use std::time::Duration;

use loom::thread::{self, JoinHandle};

use super::member::Member;
use super::named::{Named, TaskPlace};
use super::task_state::{Nudge, TaskState};
use super::*;
use crate::sync::model::{Done, block_on};

fn tree() -> TaskTree {
    let node = Node::root("tree", TreeShared::new(None));
    TaskTree {
        root: Scope::of(node),
    }
}

fn requested() -> Cause {
    Cause::Requested("the model".to_owned())
}

/// A named task in its place, unless that is refused.
fn enter<F>(scope: &Scope, ending: Ending, future: F) -> Option<Named<F>>
where
    F: Future<Output: TaskResult>,
{
    let task = TaskState::new("task".into(), Location::caller(), ending, Kind::Future);
    let place = TaskPlace::enter(&scope.node, task).ok()?;
    Some(Named { future, place })
}

/// A member in its place, unless that is refused.
fn enter_member<F: Future<Output = ()>>(scope: &Scope, future: F) -> Option<Member<F>> {
    Member::enter(&scope.node, future, Location::caller()).ok()
}

/// Plays a task on a separate thread.
fn start<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    thread::spawn(move || block_on(task))
}

/// Ends at once and notes its drop, which is the last that a task does. Not that of one that was
/// refused: it was never polled.
fn note_dropped(done: Done) -> impl Future<Output = ()> {
    let mut polled = None;
    poll_fn(move |_| {
        let _ = polled.insert(done.on_drop());
        Poll::Ready(())
    })
}
