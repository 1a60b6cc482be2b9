//! The id of a request with its header.

use ::http::{HeaderMap, HeaderName};

use super::id::RequestId;

/// The id of a request, and the name of the header that hands it on.
#[derive(Clone, Debug)]
pub(crate) struct NamedId {
    pub(super) header: HeaderName,
    pub(crate) id: RequestId,
}

impl NamedId {
    /// Writes it into the headers of an outgoing request, unless an id is there already.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(&self.header) {
            headers.insert(self.header.clone(), self.id.value().clone());
        }
    }
}
