//! The options of the limit of time.

use std::time::Duration;

use http::HeaderName;
use kit_units::WrongOption;

use crate::layers::deadline::{DeadlineLayer, deadline};
use crate::layers::select::{Select, refuse_pattern};

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

    /// Everything that is wrong: limits of zero, in which no request can be answered, and names that no
    /// operation has.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let operations = self.operations.iter().enumerate();
        let operations = operations.flat_map(|(index, operation)| {
            let wrong = operation.check().into_iter();
            wrong.map(move |wrong| wrong.inside(&format!("operations[{index}]")))
        });
        refuse_zero(self.limit)
            .into_iter()
            .chain(operations)
            .collect()
    }
}

impl OperationDeadline {
    /// Everything that is wrong: a limit of zero, and a name that no operation has.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let operation = refuse_pattern("operation", &self.operation);
        operation
            .into_iter()
            .chain(refuse_zero(self.limit))
            .collect()
    }
}

fn refuse_zero(limit: Option<Duration>) -> Option<WrongOption> {
    let is_zero = limit.is_some_and(|limit| limit.is_zero());
    WrongOption::refuse_if(is_zero, "limit", "0s", "longer than 0s, or \"off\"")
}
