//! A future on its way to a runner.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// A task that has a place.
pub(super) type Job<E> = Pin<Box<dyn Task<E> + Send>>;

pub(super) trait Task<E> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>>;
    fn location(&self) -> &'static Location<'static>;
}

pin_project! {
    /// A future, and where it was spawned. In one allocation: what a thread has to fetch from
    /// another's cache is most of what a short task costs.
    pub(super) struct Spawned<F> {
        #[pin]
        future: F,
        location: &'static Location<'static>,
    }
}

impl<F> Spawned<F> {
    pub(super) fn new(future: F, location: &'static Location<'static>) -> Box<Spawned<F>> {
        Box::new(Spawned { future, location })
    }

    pub(super) fn spawned_at(&self) -> &'static Location<'static> {
        self.location
    }

    pub(super) fn into_future(self) -> F {
        self.future
    }
}

impl<E, F: Future<Output = Result<(), E>>> Task<E> for Spawned<F> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.project().future.poll(cx)
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }
}
