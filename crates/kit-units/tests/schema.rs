//! The JSON Schemas say what the serde modules read.

use kit_units::schema::{Duration, Limit, Size, SizeLimit};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

fn of<T: JsonSchema>() -> Value {
    T::json_schema(&mut SchemaGenerator::default()).to_value()
}

#[test]
fn each_kind_has_its_type_and_its_mark() {
    for (schema, kind, types) in [
        (of::<Duration>(), "duration", json!("string")),
        (of::<Limit>(), "limit", json!("string")),
        (of::<Size>(), "size", json!(["string", "integer"])),
        (
            of::<SizeLimit>(),
            "size-limit",
            json!(["string", "integer"]),
        ),
    ] {
        assert_eq!(schema["x-kit-unit"], kind);
        assert_eq!(schema["type"], types, "{kind}");
    }
}

#[test]
fn every_example_of_a_schema_can_be_read() {
    for schema in [
        of::<Duration>(),
        of::<Limit>(),
        of::<Size>(),
        of::<SizeLimit>(),
    ] {
        let examples = schema["examples"].as_array().unwrap();
        assert!(examples.len() >= 3, "{schema}");
        for example in examples {
            let read = match schema["x-kit-unit"].as_str().unwrap() {
                "duration" => kit_units::duration::deserialize(example).map(drop),
                "limit" => kit_units::limit::deserialize(example).map(drop),
                "size" => kit_units::size::deserialize::<_, u64>(example).map(drop),
                _ => kit_units::size_limit::deserialize::<_, u64>(example).map(drop),
            };
            assert!(read.is_ok(), "{example}: {read:?}");
        }
    }
}
