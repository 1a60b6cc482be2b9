//! The metadata of one request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use ::http::HeaderMap;

use super::metadata_values::{Metadata, MetadataError, NONE};

#[derive(Debug, Default)]
pub(super) struct Travelling {
    /// What came with it, once a layer has looked.
    received: OnceLock<Metadata>,
    /// A layer has looked. Most requests bring nothing, and this costs less than to store that.
    has_looked: AtomicBool,
    /// What its handler adds for other servers.
    added: Mutex<Metadata>,
}

impl Travelling {
    /// The outermost layer has looked. A layer inside it finds part of the same. The layers of a request are
    /// called one after the other, and the code behind them sees their work.
    pub(super) fn set_received(&self, received: Metadata) {
        if self.has_looked.load(Ordering::Relaxed) {
            return;
        }
        if !received.is_empty() {
            let _ = self.received.set(received);
        }
        self.has_looked.store(true, Ordering::Relaxed);
    }

    pub(super) fn received(&self) -> Option<&Metadata> {
        let has_looked = self.has_looked.load(Ordering::Relaxed);
        let received = self.received.get();
        received.or_else(|| has_looked.then_some(&NONE))
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
