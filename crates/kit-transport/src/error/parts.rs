//! The content of an [`ApiError`](crate::ApiError).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use kit_sync::BoxError;

#[cfg_attr(not(feature = "grpc"), path = "parts/no_origin.rs")]
mod origin;

pub(super) use origin::Origin;

/// An error without its public face.
pub(super) struct Parts {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
    pub(super) message: Cow<'static, str>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) source: Option<BoxError>,
    pub(super) origin: Origin,
}

impl Parts {
    pub(super) fn new(
        code: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Parts {
        Parts {
            code,
            reason: reason.into(),
            message: message.into(),
            metadata: BTreeMap::new(),
            source: None,
            origin: Origin::default(),
        }
    }

    /// A copy of everything that can be copied.
    pub(super) fn without_source(&self) -> Parts {
        let metadata = self.metadata.clone();
        let copy = Parts::new(self.code, self.reason.clone(), self.message.clone());
        Parts { metadata, ..copy }
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            code,
            reason,
            message,
            ..
        } = self;
        if reason.is_empty() {
            write!(f, "{code}: {message}")
        } else {
            write!(f, "{code} {reason}: {message}")
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.code)
            .field("reason", &self.reason)
            .field("message", &self.message)
            .field("metadata", &self.metadata)
            .field("source", &self.source)
            .finish()
    }
}
