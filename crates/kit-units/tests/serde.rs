//! Fields of settings, read from TOML and JSON and written back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    #[serde(with = "kit_units::duration")]
    wait: Duration,
    #[serde(with = "kit_units::limit")]
    max_age: Option<Duration>,
    #[serde(with = "kit_units::size")]
    head: usize,
    #[serde(with = "kit_units::size")]
    window: u32,
    #[serde(with = "kit_units::size_limit")]
    body: Option<u64>,
    #[serde(
        with = "kit_units::optional_duration",
        skip_serializing_if = "Option::is_none"
    )]
    hook: Option<Duration>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            wait: Duration::from_secs(10),
            max_age: Some(Duration::from_secs(60)),
            head: 65_536,
            window: 1_000,
            body: Some(16 << 20),
            hook: None,
        }
    }
}

#[test]
fn keys_that_are_left_out_have_the_defaults() {
    assert_eq!(toml::from_str(""), Ok(Options::default()));
}

#[test]
fn every_kind_is_read_and_written_as_text() {
    let read: Options = toml::from_str(
        "wait = '250ms'\nmax_age = 'off'\nhead = 4096\nwindow = '2MiB'\nbody = 'off'\nhook = '60s'",
    )
    .unwrap();
    let expected = Options {
        wait: Duration::from_millis(250),
        max_age: None,
        head: 4096,
        window: 2 << 20,
        body: None,
        hook: Some(Duration::from_secs(60)),
    };
    assert_eq!(read, expected);
    let written = toml::to_string(&read).unwrap();
    assert_eq!(
        written,
        "wait = \"250ms\"\nmax_age = \"off\"\nhead = \"4KiB\"\nwindow = \"2MiB\"\nbody = \"off\"\nhook = \"1m\"\n"
    );
    assert_eq!(toml::from_str(&written), Ok(expected));
    let json = serde_json::to_string(&Options::default()).unwrap();
    assert_eq!(
        json,
        r#"{"wait":"10s","max_age":"1m","head":"64KiB","window":"1kB","body":"16MiB"}"#
    );
    assert_eq!(
        serde_json::from_str::<Options>(&json).unwrap(),
        Options::default()
    );
}

#[test]
fn null_is_left_out_for_an_optional_duration_alone() {
    let read: Options = serde_json::from_str(r#"{"hook": null}"#).unwrap();
    assert_eq!(read, Options::default());
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    let off = "write \"off\" with its quotes for none, or leave the key out for the default";
    for (text, says) in [
        (
            r#"{"wait": 30}"#,
            r#"30 has no unit: write "30s" for seconds, "30ms" for milliseconds"#,
        ),
        (
            r#"{"wait": 1.5}"#,
            r#"1.5 has no unit: write "1.5s" for seconds, "1.5ms" for milliseconds"#,
        ),
        (
            r#"{"wait": -3}"#,
            r#"-3 is less than nothing: write a duration such as "30s""#,
        ),
        (
            r#"{"wait": true}"#,
            r#"invalid type: boolean `true`, expected a duration such as "30s""#,
        ),
        (
            r#"{"wait": null}"#,
            r#"invalid type: null, expected a duration such as "30s""#,
        ),
        (
            r#"{"wait": {}}"#,
            r#"invalid type: map, expected a duration such as "30s""#,
        ),
        (
            r#"{"wait": "off"}"#,
            r#""off" does not begin with a number: write "30s", "250ms" or "1h 30m""#,
        ),
        (
            r#"{"max_age": 30}"#,
            r#"30 has no unit: write "30s" for seconds, "30ms" for milliseconds"#,
        ),
        (
            r#"{"max_age": null}"#,
            &format!("nothing is no limit: {off}"),
        ),
        (
            r#"{"max_age": false}"#,
            &format!("false is no limit: {off}"),
        ),
        (
            r#"{"max_age": true}"#,
            r#"invalid type: boolean `true`, expected a duration such as "30s", or "off""#,
        ),
        (
            r#"{"head": -1}"#,
            r#"-1 is no number of bytes: write a size such as "16MiB", or a number of bytes"#,
        ),
        (
            r#"{"head": 0.5}"#,
            r#"0.5 is no number of bytes: write a size such as "16MiB", or a number of bytes"#,
        ),
        (
            r#"{"head": []}"#,
            r#"invalid type: sequence, expected a size such as "16MiB", or a number of bytes"#,
        ),
        (
            r#"{"window": "5GiB"}"#,
            r#""5GiB" is too large: write 4294967295 at most"#,
        ),
        (
            r#"{"window": 4294967296}"#,
            "4294967296 is too large: write 4294967295 at most",
        ),
        (r#"{"body": null}"#, &format!("nothing is no limit: {off}")),
        (
            r#"{"body": "16M"}"#,
            r#""16M" has the unknown unit "M": write "16MiB" (times 1024) or "16MB" (times 1000)"#,
        ),
    ] {
        let error = serde_json::from_str::<Options>(text)
            .unwrap_err()
            .to_string();
        let message = error.split(" at line").next().unwrap();
        assert_eq!(message, says, "{text}");
    }
}
