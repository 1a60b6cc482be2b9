//! The options of requests' ids.

use http::HeaderName;

use crate::layers::request_id::{RequestIds, request_id};

/// The options of requests' ids; [`layer`](Self::layer) makes the layer of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestIdOptions {
    /// The header with the id, of requests and responses. Default: `x-request-id`.
    #[cfg_attr(feature = "serde", serde(with = "super::header::one"))]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub header: HeaderName,
    /// Whether each request gets a new id, whatever its client has sent. Default: no.
    pub always_new: bool,
}

impl Default for RequestIdOptions {
    fn default() -> RequestIdOptions {
        RequestIdOptions {
            header: HeaderName::from_static("x-request-id"),
            always_new: false,
        }
    }
}

impl RequestIdOptions {
    /// The layer with these options.
    #[must_use]
    pub fn layer(&self) -> RequestIds {
        let layer = request_id().header(self.header.clone());
        if self.always_new {
            layer.always_new()
        } else {
            layer
        }
    }
}
