//! Layers without the feature `grpc`: there are no services.

use std::sync::Arc;

use crate::layers::methods::Methods;
use crate::layers::next::Next;

/// In place of layers around services.
#[derive(Clone)]
pub(crate) struct CallStack;

impl CallStack {
    pub(super) fn new<S>(_around: impl Fn(Next, Arc<Methods>) -> S) -> CallStack {
        CallStack
    }
}
