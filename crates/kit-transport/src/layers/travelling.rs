//! The metadata of one request.

use std::sync::{Mutex, OnceLock, PoisonError};

use ::http::HeaderMap;

use super::metadata_values::{Metadata, MetadataError};

#[derive(Debug, Default)]
pub(super) struct Travelling {
    /// What came with it, once a layer has looked.
    received: OnceLock<Metadata>,
    /// What its handler adds for other servers.
    added: Mutex<Metadata>,
}

impl Travelling {
    /// The outermost layer has looked. What a layer inside it finds is part of that.
    pub(super) fn set_received(&self, received: Metadata) {
        let _ = self.received.set(received);
    }

    pub(super) fn received(&self) -> Option<&Metadata> {
        self.received.get()
    }

    pub(super) fn add(&self, name: &str, value: &str) -> Result<(), MetadataError> {
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        *added = added.clone().with(name, value)?;
        Ok(())
    }

    /// What the handler has added comes before what came with the request.
    pub(super) fn propagate(&self, headers: &mut HeaderMap) {
        let added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.add_to(headers);
        drop(added);
        if let Some(received) = self.received() {
            received.add_global_to(headers);
        }
    }
}
