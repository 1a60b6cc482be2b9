//! The JSON Schema of a place to listen at.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Listen;
use super::written::ListenTable;

impl JsonSchema for Listen {
    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_transport::Listen".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a server listens: a text, or a table with it as `address` and the other settings.",
            "anyOf": [
                {
                    "type": "string",
                    "format": "listen",
                },
                ListenTable::json_schema(generator),
            ],
            "examples": [":8000", "localhost:8000", "10.0.0.7:8000", "unix:/run/server.sock"],
            "x-kit-unit": "listen",
            "x-kit-expects": "an address, such as \":8000\", or a table",
        })
    }
}
