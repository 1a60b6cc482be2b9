//! Unnamed members: counted, and ended at the deadline.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::node::Node;
use super::outcome::Outcome;
use super::task_state::TaskState;
use crate::panic::{Caught, catch, message};
use crate::polling::{Mark, polling};
use crate::roster::Slot;

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
    node.shared.runtime().spawn(member);
    Ok(())
}

pin_project! {
    pub(super) struct Member<F> {
        #[pin]
        future: F,
        // After the future: the place is left once the future is gone.
        place: MemberPlace,
    }
}

struct MemberPlace {
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
        if !node.life.enter() {
            return Err(future);
        }
        let place = MemberPlace {
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

impl MemberPlace {
    /// The common path is inlined into the poll; this happens once.
    #[cold]
    fn wait(&mut self, cx: &Context<'_>) -> Poll<()> {
        let now = self.node.shared.now();
        let slot = self.node.members.list(cx.waker(), self.site, now);
        self.waits = Some(slot);
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
            self.node.shared.sites.location(self.site),
            Outcome::Panicked {
                message: message(&*caught.payload).to_owned(),
                location: caught.location,
            },
        );
        self.node.record_failure(failed);
        Poll::Ready(())
    }
}

impl Drop for MemberPlace {
    fn drop(&mut self) {
        self.node.end_member(self.waits, self.aborted);
    }
}
