//! The JSON Schema of a phase.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Phase;

impl JsonSchema for Phase {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Phase".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_transport::Phase".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "enum": ["resources", "workers", "servers"] },
                { "type": "integer", "minimum": 0, "maximum": 65535 },
            ],
        })
    }
}
