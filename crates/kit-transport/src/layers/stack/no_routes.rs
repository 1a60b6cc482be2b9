//! Layers without the feature `http`: there are no routes.

use crate::layers::entrance::Facing;
use crate::layers::next::Next;

/// In place of layers around routes.
#[derive(Clone)]
pub(crate) struct RouteStack;

impl RouteStack {
    pub(super) fn new<S>(_around: impl Fn(Next, Facing) -> S) -> RouteStack {
        RouteStack
    }
}
