//! Each load reads all sources anew, and gives each the weight that it had at the first one.

use std::path::{Path, PathBuf};

use kit_config::{Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    host: String,
    url: String,
    port: u16,
    tags: Vec<String>,
}

impl Default for Orders {
    fn default() -> Orders {
        Orders {
            host: "localhost".to_owned(),
            url: "http://${key:host}/$${not a reference}".to_owned(),
            port: 8000,
            tags: vec!["default".to_owned()],
        }
    }
}

impl Rules for Orders {}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::join(self.0.path(), name)
    }
}

fn load(settings: &Settings<Orders>) -> Orders {
    settings.load().expect("settings").into_settings()
}

/// A lower file that changes does not come to count more than a higher one, or than a variable.
#[test]
fn a_changed_file_keeps_its_weight() {
    let files = Files::new();
    let low = files.write("low.toml", "port = 1\nhost = \"low\"\n");
    let high = files.write("high.toml", "host = \"high\"\n");
    let settings = Settings::new()
        .file(low)
        .file(high)
        .environment("ORDERS")
        .variables([("ORDERS__PORT", "2")]);
    assert_eq!(
        (load(&settings).port, load(&settings).host),
        (2, "high".to_owned())
    );
    files.write("low.toml", "port = 3\nhost = \"changed\"\n");
    assert_eq!(
        (load(&settings).port, load(&settings).host),
        (2, "high".to_owned())
    );
}

#[test]
fn the_order_of_calls_does_not_decide() {
    let files = Files::new();
    let settings = Settings::new()
        .set("port=3")
        .variables([("ORDERS__PORT", "2"), ("ORDERS__HOST", "variable")])
        .environment("ORDERS")
        .file(files.write("a.toml", "port = 1\nhost = \"file\"\nurl = \"file\"\n"));
    let orders = load(&settings);
    assert_eq!(
        (orders.port, &*orders.host, &*orders.url),
        (3, "variable", "file")
    );
}

#[test]
fn a_key_that_is_removed_is_the_default_again() {
    let files = Files::new();
    let file = files.write("a.toml", "port = 1\ntags = [\"a\", \"b\"]\n");
    let settings = Settings::new().file(&file);
    assert_eq!(load(&settings).tags, ["a", "b"]);
    files.write("a.toml", "port = 2\n");
    let orders = load(&settings);
    assert_eq!((orders.port, orders.tags), (2, vec!["default".to_owned()]));
    assert_eq!(
        settings.load().expect("settings").origin("tags").as_deref(),
        Some("default")
    );
}

/// What refers to a setting follows it, also where nothing else has changed in the file that refers.
#[test]
fn a_reference_follows_what_it_refers_to() {
    let files = Files::new();
    let settings = Settings::new()
        .file(files.write("a.toml", "url = \"http://${key:host}/\"\n"))
        .file(files.write("b.toml", "host = \"first\"\n"));
    assert_eq!(load(&settings).url, "http://first/");
    files.write("b.toml", "host = \"second\"\n");
    assert_eq!(load(&settings).url, "http://second/");
}

/// A default is a value and no text of a file: it is taken as it is.
#[test]
fn a_default_is_taken_as_it_is() {
    assert_eq!(load(&Settings::new()), Orders::default());
}

/// A type that changes is refused, instead of being ignored.
#[test]
fn a_value_that_changes_its_type_is_refused() {
    let files = Files::new();
    let file = files.write("a.toml", "port = 1\n");
    let settings = Settings::<Orders>::new().file(&file);
    assert_eq!(load(&settings).port, 1);
    files.write("a.toml", "port = \"1\"\n");
    let error = settings.load().expect_err("a text");
    let [problem] = error.problems() else {
        panic!("{error}")
    };
    assert_eq!(
        (problem.key(), problem.line()),
        ("port".to_owned(), Some(1))
    );
}

#[test]
fn each_value_has_its_origin() {
    let files = Files::new();
    let file = files.write("a.toml", "\nport = 1\nhost = \"${HOST}\"\n");
    let settings = Settings::<Orders>::new()
        .file(&file)
        .environment("ORDERS")
        .variables([("HOST", "h"), ("ORDERS__TAGS", "a,b")])
        .flag("url", "--url", "u");
    let loaded = settings.load().expect("settings");
    let place = |line: usize, column: usize| format!("{}:{line}:{column}", file.display());
    for (key, origin) in [
        ("port", Some(place(2, 8))),
        ("host", Some(format!("{}, from ${{HOST}}", place(3, 8)))),
        ("tags[1]", Some("variable ORDERS__TAGS".to_owned())),
        ("url", Some("flag --url".to_owned())),
        ("prot", None),
    ] {
        assert_eq!(loaded.origin(key), origin, "{key}");
    }
    assert_eq!(loaded.settings().tags, ["a", "b"]);
}

#[test]
fn the_variable_of_a_flag_counts_less_than_the_command_line() {
    let settings = Settings::new()
        .set("port=1")
        .flag("host", "--host", "flag")
        .flag_variable("port", "ORDERS_PORT", "2")
        .flag_variable("host", "ORDERS_HOST", "variable")
        .flag_variable("url", "ORDERS_URL", "variable")
        .environment("ORDERS")
        .variables([("ORDERS__URL", "key")]);
    let orders = load(&settings);
    assert_eq!((orders.port, orders.host.as_str()), (1, "flag"));
    assert_eq!(orders.url, "variable");
}
