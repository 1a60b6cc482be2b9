//! The response of a layer that calls the service inside it, or answers in its place.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::Response;
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;

pin_project! {
    /// The response to come of a layer that refuses some requests and changes no answer.
    pub struct Refusable<F> {
        #[pin]
        answer: Answer<F>,
    }
}

pin_project! {
    #[project = Project]
    enum Answer<F> {
        Inner { #[pin] future: F },
        Refused { refused: Option<Response<Body>> },
    }
}

impl<F> Refusable<F> {
    /// The service inside answers.
    pub(super) fn inner(future: F) -> Refusable<F> {
        Refusable {
            answer: Answer::Inner { future },
        }
    }

    pub(super) fn refused(answer: Response<Body>) -> Refusable<F> {
        let refused = Some(answer);
        Refusable {
            answer: Answer::Refused { refused },
        }
    }

    /// Drops the service's future: another answer is given in its place.
    pub(super) fn end(self: Pin<&mut Self>) {
        let refused = None;
        self.project().answer.set(Answer::Refused { refused });
    }
}

impl<F, B, E> Future for Refusable<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().answer.project() {
            Project::Inner { future } => {
                let answer = ready!(future.poll(cx));
                Poll::Ready(answer.map(|response| response.map(Body::new)))
            }
            Project::Refused { refused } => {
                let refused = refused.take();
                Poll::Ready(Ok(refused.expect("not polled after its end")))
            }
        }
    }
}

impl<F> fmt::Debug for Refusable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusable").finish_non_exhaustive()
    }
}
