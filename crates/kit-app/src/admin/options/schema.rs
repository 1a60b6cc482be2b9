//! The JSON Schema of the admin server's options.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Admin;
use super::written::AdminTable;

impl JsonSchema for Admin {
    fn schema_name() -> Cow<'static, str> {
        "Admin".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "kit_app::Admin".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The admin server: its address, or a table with it as `listen` and a token.",
            "anyOf": [
                { "type": "string", "format": "listen", "examples": ["localhost:9090"] },
                AdminTable::json_schema(generator),
            ],
        })
    }
}
