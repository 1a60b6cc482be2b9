//! A future that has a place in a group.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;

use crate::group_failure::GroupFailure;
use crate::panic::catch;

pub(super) type Site = &'static Location<'static>;

pub(super) struct QueuedMember<E> {
    pub(super) future: Pin<Box<dyn Future<Output = Result<(), E>> + Send>>,
    pub(super) spawned_at: Site,
}

impl<E> QueuedMember<E> {
    /// Polls the future until it has ended, drops it, and gives its failures: of both.
    pub(super) async fn run(mut self) -> impl Iterator<Item = GroupFailure<E>> {
        let polled = poll_fn(|cx| GroupFailure::of_poll(catch(|| self.future.as_mut().poll(cx))));
        let ended = polled.await;
        let dropped = catch(|| drop(self)).map_err(GroupFailure::Panic);
        [ended, dropped].into_iter().filter_map(Result::err)
    }
}
