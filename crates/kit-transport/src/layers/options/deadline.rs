//! The options of the limit of time.

use std::time::Duration;

use http::HeaderName;

use crate::layers::deadline::{DeadlineLayer, deadline};
use crate::layers::select::Select;

/// The options of the limit of time that are data; [`layer`](Self::layer) makes the layer of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeadlineOptions {
    /// How long requests may take until the head of the response, or `off` for the limits of clients
    /// alone. Default: `off`.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::limit"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub limit: Option<Duration>,
    /// Other limits for some operations, of which the first that fits holds. Default: none.
    pub operations: Vec<OperationDeadline>,
    /// The header in which clients over HTTP say how long they wait. Default: none, so that they cannot.
    #[cfg_attr(
        feature = "serde",
        serde(
            with = "super::header::optional",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub header: Option<HeaderName>,
}

/// A limit of time for some operations.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OperationDeadline {
    /// The name of an operation, such as `/report`, or the beginning of names with a `*` at the end, such
    /// as `/uploads/*`.
    pub operation: String,
    /// How long its requests may take, or `off`.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::limit"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub limit: Option<Duration>,
}

impl DeadlineOptions {
    /// The layer with these options.
    pub fn layer(&self) -> DeadlineLayer {
        let mut layer = deadline(self.limit);
        for other in &self.operations {
            layer = layer.for_operation(Select::pattern(&other.operation), other.limit);
        }
        match &self.header {
            Some(name) => layer.header(name.clone()),
            None => layer,
        }
    }
}
