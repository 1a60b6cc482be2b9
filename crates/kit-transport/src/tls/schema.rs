//! The JSON Schema of PEM.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Pem;

impl JsonSchema for Pem {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pem".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_transport::Pem".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "path", "examples": ["/etc/tls/tls.crt"] })
    }
}
