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
use crate::panic::{Caught, catch, message};
use crate::polling::{Mark, polling};
use crate::roster::Slot;

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
    if !node.enter_member() {
        return Err(future);
    }
    let place = Place {
        node: Arc::clone(node),
        waits: None,
        site: node.site(location),
        aborted: false,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a tree's members start"
    )]
    node.runtime.handle().spawn(Member { future, place });
    Ok(())
}

pin_project! {
    struct Member<F> {
        #[pin]
        future: F,
        // After the future: the place is left once the future is gone.
        place: Place,
    }
}

struct Place {
    node: Arc<Node>,
    /// Where it is listed once it has something to wait for.
    waits: Option<Slot>,
    site: u16,
    aborted: bool,
}

impl<F: Future<Output = ()>> Future for Member<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let place = this.place;
        if place.must_end() {
            return Poll::Ready(());
        }
        let mark = Mark::Member(place.site);
        match polling(place.node.id, mark, || catch(|| this.future.poll(cx))) {
            Ok(Poll::Pending) => {
                if place.waits.is_none() {
                    place.waits = Some(place.node.member_waits(cx.waker(), place.site));
                    if place.must_end() {
                        return Poll::Ready(());
                    }
                }
                Poll::Pending
            }
            Ok(Poll::Ready(())) => Poll::Ready(()),
            Err(caught) => {
                place.panicked(caught);
                Poll::Ready(())
            }
        }
    }
}

impl Place {
    fn must_end(&mut self) -> bool {
        self.aborted = self.node.is_aborting();
        self.aborted
    }

    #[cold]
    fn panicked(&self, caught: Caught) {
        self.node.member_failed(TaskReport {
            path: format!("{}/(unnamed)", self.node.path()),
            spawned_at: self.node.place(self.site),
            // Members keep no time of their own: they are too many.
            age: Duration::ZERO,
            outcome: Outcome::Panicked {
                message: message(&*caught.payload),
                location: caught.location,
            },
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node.member_ended(self.waits, self.aborted);
    }
}
