//! The options of a watchdog, read and described.

use std::time::Duration;

use kit_sync::WatchdogOptions;
use serde_json::{from_value, json, to_value};

#[test]
fn limits_are_read_and_written_as_text() {
    let read: WatchdogOptions = from_value(json!({ "poll_limit": "50ms" })).unwrap();
    let expected = WatchdogOptions {
        poll_limit: Duration::from_millis(50),
        ..WatchdogOptions::default()
    };
    assert_eq!(read, expected);
    let written = json!({
        "poll_limit": "50ms", "tick_limit": "5s", "overdue_after": "1s", "interval": "250ms",
    });
    assert_eq!(to_value(&read).unwrap(), written);
    let error = from_value::<WatchdogOptions>(json!({ "interval": 250 })).unwrap_err();
    assert!(error.to_string().contains("write \"250s\""), "{error}");
}

#[test]
fn the_schema_has_each_description_unit_and_default() {
    let schema = schemars::schema_for!(WatchdogOptions).to_value();
    assert_eq!(schema["additionalProperties"], false);
    let interval = &schema["properties"]["interval"];
    let description = interval["description"].as_str().unwrap();
    assert!(
        description.starts_with("How often it looks"),
        "{description}"
    );
    assert_eq!(interval["x-kit-unit"], "duration");
    assert_eq!(interval["default"], "250ms");
    assert_eq!(schema.get("required"), None);
}
