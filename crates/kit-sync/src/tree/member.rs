//! Unnamed members: counted, and ended at the deadline.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::node::{Node, OnAbort};
use super::report::{Outcome, TaskReport};
use crate::panic::{catch, message};
use crate::slots::Slot;

/// The scope has ended: nothing enters it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope has ended")]
#[non_exhaustive]
pub struct Refused;

/// A membership that is not a task; see [`Scope::hold`](super::Scope::hold).
#[must_use = "dropping a hold ends it"]
pub struct Hold {
    node: Arc<Node>,
    key: usize,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.node.hold_ended(self.key);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("scope", &self.node.path())
            .finish()
    }
}

pub(super) fn hold(node: &Arc<Node>, on_abort: OnAbort) -> Result<Hold, Refused> {
    let key = node.enter_hold(on_abort).ok_or(Refused)?;
    Ok(Hold {
        node: Arc::clone(node),
        key,
    })
}

pub(super) fn track<F>(
    node: &Arc<Node>,
    future: F,
    location: &'static Location<'static>,
) -> Result<(), F>
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(slot) = node.enter_member() else {
        return Err(future);
    };
    let place = Place {
        node: Arc::clone(node),
        slot,
        failure: None,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a tree's members start"
    )]
    let running = node.runtime.spawn(Member {
        future,
        place,
        location,
    });
    node.member_started(slot, running.abort_handle());
    Ok(())
}

pin_project! {
    struct Member<F> {
        #[pin]
        future: F,
        // After the future: the place is left once the future is gone.
        place: Place,
        location: &'static Location<'static>,
    }
}

struct Place {
    node: Arc<Node>,
    slot: Slot,
    failure: Option<Box<TaskReport>>,
}

impl<F: Future<Output = ()>> Future for Member<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match catch(|| this.future.poll(cx)) {
            Ok(poll) => poll,
            Err(caught) => {
                this.place.failure = Some(Box::new(TaskReport {
                    path: format!("{}/(unnamed)", this.place.node.path()),
                    spawned_at: this.location.to_string(),
                    // Members keep no time of their own: they are too many.
                    age: Duration::ZERO,
                    outcome: Outcome::Panicked {
                        message: message(&*caught.payload),
                        location: caught.location,
                    },
                }));
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node
            .member_ended(self.slot, self.failure.take().map(|report| *report));
    }
}
