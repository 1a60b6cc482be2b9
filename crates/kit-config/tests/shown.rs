//! No wrong value shows a secret, whatever the secret is in, and whatever stands in its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kit_config::{Live, Rules, Secret, Settings, checked_config};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that is a URL with a password.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kit-url" = true))]
struct Url(String);

type Key = Secret<String>;

/// What secrets and URLs can be in.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Shapes {
    key: Key,
    option: Option<Key>,
    keys: Vec<Key>,
    option_keys: Option<Vec<Key>>,
    grid: Vec<Vec<Key>>,
    pair: (Key, u8),
    pairs: Vec<(u8, Key)>,
    named: BTreeMap<String, Key>,
    lists: BTreeMap<String, Vec<Key>>,
    live: Live<Vec<Key>>,
    number: Secret<u32>,
    numbers: Vec<Vec<Secret<u32>>>,
    login: Login,
    either: Either,
    #[serde(flatten)]
    flat: Flat,
    #[schemars(extend("x-kit-url" = true))]
    registry: String,
    #[schemars(extend("x-kit-url" = true))]
    others: Live<Vec<String>>,
    url: Url,
    option_url: Option<Url>,
    urls: Vec<Url>,
    url_grid: Vec<Vec<Url>>,
    url_pair: (Url, u8),
    url_named: BTreeMap<String, Vec<Url>>,
    plain: u8,
    name: String,
}

/// Tagged by its only key.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Login {
    #[default]
    None,
    Token(Key),
    Basic {
        pass: Key,
        at: Vec<Url>,
    },
}

/// Without a tag.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Number(u8),
    Keys(Vec<Key>),
    Key(Key),
}

impl Default for Either {
    fn default() -> Either {
        Either::Number(0)
    }
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Flat {
    deep: Vec<Key>,
    deep_urls: Vec<Url>,
}

impl Rules for Shapes {}

/// What the load of one file says: its mistakes, or the page.
fn said(extension: &str, text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("a.{extension}"));
    std::fs::write(&path, text).expect("a file");
    std::fs::write(folder.path().join("secret"), "hunter2/x").expect("a file");
    let text = match Settings::<Shapes>::new().file(&path).load() {
        Ok(loaded) => checked_config(&loaded),
        Err(error) => {
            let mut said = error.to_string();
            for problem in error.problems() {
                _ = write!(said, "\n{problem:?}");
            }
            said
        }
    };
    text.replace(&folder.path().display().to_string(), "")
}

fn assert_hidden(extension: &str, text: &str) {
    let said = said(extension, text);
    assert!(!said.contains("hunter2"), "{text}\n-- said\n{said}");
}

#[test]
fn the_password_of_a_url_that_is_a_list_or_a_table_is_hidden() {
    for line in [
        r#"registry = ["etcd://root:hunter2@h:1"]"#,
        r#"registry = { a = "etcd://root:hunter2@h:1" }"#,
        r#"registry = { "etcd://root:hunter2@h:1" = 1 }"#,
        r#"urls = "postgres://u:hunter2@h""#,
        r#"urls = [["postgres://u:hunter2@h"]]"#,
        r#"urls = [{ a = "postgres://u:hunter2@h" }]"#,
        r#"urls = { a = "postgres://u:hunter2@h" }"#,
        r#"url_grid = ["postgres://u:hunter2@h"]"#,
        r#"url_pair = "postgres://u:hunter2@h""#,
        r#"url_pair = ["a", 1, "postgres://u:hunter2@h"]"#,
        r#"url_named = { a = "postgres://u:hunter2@h" }"#,
    ] {
        assert_hidden("toml", line);
    }
    // What is no URL with a user is shown.
    assert!(said("toml", "registry = [5]").contains("registry = [5]"));
}

#[test]
fn what_stands_in_the_place_of_secrets_is_hidden() {
    for line in [
        r#"keys = "hunter2""#,
        r#"keys = { a = "hunter2" }"#,
        r#"option_keys = "hunter2""#,
        r#"live = "hunter2""#,
        r#"grid = ["hunter2"]"#,
        r#"pair = "hunter2""#,
        r#"pair = ["a", 1, "hunter2"]"#,
        r#"lists = { a = "hunter2" }"#,
        r#"deep = "hunter2""#,
        r#"either = { a = "hunter2" }"#,
        r#"login = { token = ["hunter2"] }"#,
        r#"liss = { a = ["hunter2"] }"#,
    ] {
        assert_hidden("toml", line);
    }
    assert_hidden("yaml", "keys: hunter2\nlists: {a: hunter2}\n");
    assert_hidden("json", r#"{"keys": "hunter2", "pair": {"a": "hunter2"}}"#);
}
