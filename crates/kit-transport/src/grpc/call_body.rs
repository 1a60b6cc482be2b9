//! The body of the answer to a call.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use super::answer::AnswerBody;

pin_project! {
    /// A service's own, or what layers have made of it.
    #[derive(Debug)]
    #[project = Project]
    pub(crate) enum CallBody {
        Bare { #[pin] body: AnswerBody },
        Layered { #[pin] body: axum_core::body::Body },
    }
}

impl CallBody {
    pub(super) fn bare(body: AnswerBody) -> CallBody {
        CallBody::Bare { body }
    }

    pub(super) fn layered(body: axum_core::body::Body) -> CallBody {
        CallBody::Layered { body }
    }
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project() {
            Project::Bare { body } => body.poll_frame(cx).map_err(Into::into),
            Project::Layered { body } => body.poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            CallBody::Bare { body } => body.is_end_stream(),
            CallBody::Layered { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            CallBody::Bare { body } => body.size_hint(),
            CallBody::Layered { body } => body.size_hint(),
        }
    }
}
