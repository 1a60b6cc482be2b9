//! Without the feature `grpc` no error is made of a status.

/// In place of the status of an error that was made of one.
#[derive(Default)]
pub(crate) struct Origin(());

impl Origin {
    pub(crate) fn forget(&mut self) {}
}
