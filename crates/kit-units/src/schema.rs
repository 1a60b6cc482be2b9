//! The JSON Schemas of the serde modules, for `#[schemars(with = "…")]`.
//!
//! Each says its kind in `x-kit-unit`, so that a tool which makes a page or a form of a schema need not
//! guess it from the type.
//!
//! ```
//! use std::time::Duration;
//!
//! #[derive(schemars::JsonSchema, serde::Deserialize)]
//! struct Options {
//!     /// How long to wait.
//!     #[serde(with = "kit_units::duration")]
//!     #[schemars(with = "kit_units::schema::Duration")]
//!     wait: Duration,
//! }
//!
//! let schema = schemars::schema_for!(Options);
//! assert_eq!(schema.pointer("/properties/wait/x-kit-unit").unwrap(), "duration");
//! ```

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Of [`duration`](crate::duration); in an `Option`, of [`optional_duration`](crate::optional_duration).
#[derive(Debug)]
pub enum Duration {}

/// Of [`limit`](crate::limit).
#[derive(Debug)]
pub enum Limit {}

/// Of [`size`](crate::size).
#[derive(Debug)]
pub enum Size {}

/// Of [`size_limit`](crate::size_limit).
#[derive(Debug)]
pub enum SizeLimit {}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_units::schema::Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "duration-text",
            "x-kit-unit": "duration",
            "x-kit-expects": "a duration, such as \"30s\"",
            "examples": ["250ms", "30s", "1h 30m"],
        })
    }
}

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_units::schema::Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "duration-text",
            "x-kit-unit": "limit",
            "x-kit-expects": "a duration, such as \"30s\", or \"off\"",
            "examples": ["30s", "1h 30m", "off"],
        })
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_units::schema::Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "size-text",
            "minimum": 0,
            "x-kit-unit": "size",
            "x-kit-expects": "a size, such as \"16MiB\", or a number of bytes",
            "examples": ["64KiB", "16MiB", "10MB", 4096],
        })
    }
}

impl JsonSchema for SizeLimit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SizeLimit".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_units::schema::SizeLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": "size-text",
            "minimum": 0,
            "x-kit-unit": "size-limit",
            "x-kit-expects": "a size, such as \"16MiB\", a number of bytes, or \"off\"",
            "examples": ["64KiB", "16MiB", 4096, "off"],
        })
    }
}
