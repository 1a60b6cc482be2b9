//! The gRPC status that an error was made of.

use tonic::Status;

/// A status, to be sent as it came. An error that was made otherwise, or was changed, has none.
#[derive(Default)]
pub(crate) struct Origin(Option<Status>);

impl Origin {
    pub(crate) fn of(status: &Status) -> Origin {
        Origin(Some(status.clone()))
    }

    pub(crate) fn status(&self) -> Option<&Status> {
        self.0.as_ref()
    }

    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }
}
