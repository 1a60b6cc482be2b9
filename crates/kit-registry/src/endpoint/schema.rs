//! The JSON Schema of an endpoint.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Endpoint;

impl JsonSchema for Endpoint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Endpoint".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_registry::Endpoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "uri",
            "examples": ["https://orders.example.org:443", "grpc://10.0.0.7:9000"],
        })
    }
}
