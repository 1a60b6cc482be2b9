//! Layers without the feature `grpc`: no call has a method.

use super::operations::Operation;

/// In place of the methods of services.
#[derive(Debug)]
pub(crate) enum Methods {}

impl Methods {
    pub(super) fn operation(&self, _path: &str) -> (Operation, bool) {
        match *self {}
    }

    pub(super) fn learn(&self, _path: &str) -> Option<Operation> {
        match *self {}
    }
}
