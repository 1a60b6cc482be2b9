use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    /// The HTTP server.
    #[schemars(extend("was" = "web"))]
    http: Http,
    servers: Vec<Server>,
    output: Output,
    level: Level,
    limits: HashMap<String, u8>,
    next: Option<Box<Orders>>,
    #[serde(flatten)]
    common: Common,
    #[schemars(extend("x-kit-secret" = true))]
    token: Option<String>,
    pair: (u8, bool),
    share: Option<f64>,
}

/// A server.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Http {
    #[schemars(range(min = 1))]
    port: u16,
    workers: u64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Server {
    name: String,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Common {
    region: String,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Output {
    #[default]
    Stdout,
    File {
        path: String,
    },
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Info,
    /// All of it.
    Debug,
    Custom {
        filter: String,
    },
}

fn key(text: &str) -> KeyPath {
    let step = |part: &str| match part.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Key(part.to_owned()),
    };
    text.split('.').map(step).collect()
}

fn expects(shape: &Shape, at: &str) -> String {
    shape.at(&key(at)).expect("a place").expects()
}

#[test]
fn each_place_says_what_it_expects() {
    let shape = Shape::of::<Orders>();
    for (at, expected) in [
        ("http", "a table"),
        ("http.port", "a whole number from 1 to 65535"),
        (
            "http.workers",
            "a whole number from 0 to 18446744073709551615",
        ),
        ("servers", "a list"),
        ("servers.7.name", "a text"),
        ("output.type", "one of `stdout`, `file`"),
        ("output.path", "a text"),
        ("level", "one of `info`, `debug` or a table with `custom`"),
        ("level.custom.filter", "a text"),
        ("limits.any", "a whole number from 0 to 255"),
        ("next.next.http.port", "a whole number from 1 to 65535"),
        ("region", "a text"),
        ("token", "a text"),
        ("pair", "a list of 2 values"),
        ("pair.1", "true or false"),
        ("share", "a number"),
    ] {
        assert_eq!(expects(&shape, at), expected, "{at}");
    }
    for at in [
        "htpp",
        "http.prt",
        "http.0",
        "pair.2",
        "region.x",
        "servers.name",
    ] {
        assert!(shape.at(&key(at)).is_none(), "{at}");
    }
}

#[test]
fn the_keys_of_a_table_are_those_of_its_flattened_structs_and_of_all_variants() {
    let shape = Shape::of::<Orders>();
    assert!(shape.root().keys().contains(&"region"));
    let output = shape.at(&key("output")).expect("a place");
    assert_eq!(output.keys(), ["type", "path"]);
    assert!(!output.is_open());
    let limits = shape.at(&key("limits")).expect("a place");
    assert!(limits.is_open() && limits.keys().is_empty());
}

#[test]
fn marks_and_texts_of_a_field_count_before_those_of_its_type() {
    let shape = Shape::of::<Orders>();
    let http = shape.at(&key("http")).expect("a place");
    assert_eq!(http.description(), Some("The HTTP server."));
    assert_eq!(http.was(), ["web"]);
    let port = shape.at(&key("http.port")).expect("a place");
    assert!(port.was().is_empty() && !port.is_secret());
    assert!(shape.at(&key("token")).expect("a place").is_secret());
    assert!(shape.names().has_secrets() && !Shape::of::<Http>().names().has_secrets());
}

#[test]
fn a_type_that_contains_itself_has_an_end() {
    let shape = Shape::of::<Orders>();
    let keys: Vec<String> = shape
        .keys()
        .iter()
        .map(|(key, _)| key.to_string())
        .collect();
    for expected in [
        "http",
        "http.port",
        "output.path",
        "next",
        "region",
        "level.custom.filter",
    ] {
        assert!(keys.contains(&expected.to_owned()), "{expected}: {keys:?}");
    }
    assert!(!keys.contains(&"next.http".to_owned()), "{keys:?}");
}
