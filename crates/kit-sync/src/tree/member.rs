//! Unnamed members: counted, and ended at the deadline.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::node::{Node, OnAbort};
use super::outcome::Outcome;
use super::report::TaskReport;
use super::task_state::TaskState;
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
    let member = Member::enter(node, future, location)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a tree's members start"
    )]
    node.runtime.handle().spawn(member);
    Ok(())
}

pin_project! {
    pub(super) struct Member<F> {
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

impl<F> Member<F> {
    /// Gives the future back when the node has ended.
    pub(super) fn enter(
        node: &Arc<Node>,
        future: F,
        location: &'static Location<'static>,
    ) -> Result<Member<F>, F> {
        if !node.enter_member() {
            return Err(future);
        }
        let place = Place {
            node: Arc::clone(node),
            waits: None,
            site: node.site(location),
            aborted: false,
        };
        Ok(Member { future, place })
    }
}

impl<F: Future<Output = ()>> Future for Member<F> {
    type Output = ();

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let place = this.place;
        let (node, mark) = (&*place.node, Mark::Member(place.site));
        let scope = node.id;
        if node.is_aborting() {
            return place.abort();
        }
        let polled = polling(scope, mark, || match catch(|| this.future.poll(cx)) {
            Ok(poll) => poll,
            Err(caught) => place.panicked(caught),
        });
        if polled.is_pending() && place.waits.is_none() {
            return place.wait(cx);
        }
        polled
    }
}

impl Place {
    /// What is common is inlined into the poll; what happens once is not.
    #[cold]
    fn wait(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.waits = Some(self.node.member_waits(cx.waker(), self.site));
        if self.node.is_aborting() {
            return self.abort();
        }
        Poll::Pending
    }

    #[cold]
    fn abort(&mut self) -> Poll<()> {
        self.aborted = true;
        Poll::Ready(())
    }

    #[cold]
    fn panicked(&self, caught: Caught) -> Poll<()> {
        let failed = TaskState::of_unnamed(
            "(unnamed)",
            self.node.location(self.site),
            Outcome::Panicked {
                message: message(&*caught.payload).to_owned(),
                location: caught.location,
            },
        );
        self.node
            .member_failed(TaskReport::new(self.node.path(), failed));
        Poll::Ready(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.node.member_ended(self.waits, self.aborted);
    }
}
