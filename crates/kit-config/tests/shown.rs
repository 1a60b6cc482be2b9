//! No wrong value shows a secret, whatever the secret is in, and whatever stands in its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kit_config::{Broken, Live, Rules, Secret, Settings, checked_config};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
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
    even: Even,
}

/// A text whose own type quotes it when it refuses it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
struct Even(#[schemars(with = "String")] String);

impl From<Even> for String {
    fn from(even: Even) -> String {
        even.0
    }
}

impl TryFrom<String> for Even {
    type Error = String;

    fn try_from(text: String) -> Result<Even, String> {
        match text.len().is_multiple_of(2) {
            true => Ok(Even(text)),
            false => Err(format!("{text} is odd")),
        }
    }
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

impl Rules for Shapes {
    fn check(&self, broken: &mut Broken) {
        let Shapes { name, url, key, .. } = self;
        let message = format!("must be without \"/x\", not {name:?}");
        broken.refuse_if(name.contains("/x"), "name", message);
        let has_scheme = url.0.is_empty() || url.0.contains("://");
        let message = format!("must have a scheme, not {}", url.0);
        broken.refuse_if(!has_scheme, "url", message);
        let key = key.expose();
        let message = format!("does not go with {key:?}");
        broken.refuse_if(key.len() > 30, ["plain", "key"], message);
    }
}

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
    // A value without a user is shown.
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
        r#"pair = ["a", "hunter2"]"#,
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

#[test]
fn a_rule_does_not_quote_what_is_hidden() {
    for (text, shown) in [
        (
            r#"name = "${file:secret}""#,
            r#"must be without "/x", not "***""#,
        ),
        (r#"url = "u:hunter2@h""#, "must have a scheme, not ***@h"),
        (
            r#"key = "a key of hunter2 that is too long""#,
            r#"does not go with "***""#,
        ),
    ] {
        assert_hidden("toml", text);
        let said = said("toml", text);
        assert!(said.contains(shown), "{said}");
    }
    // A plain value is quoted.
    assert!(said("toml", r#"name = "a/x""#).contains(r#"not "a/x""#));
}

#[test]
fn an_alias_in_yaml_carries_no_secret_out() {
    for text in [
        "key: &p hunter2\nplain: *p\n",
        "name: &p hunter2\nplain: *p\nkey: *p\n",
        "plain: &p hunter2\nkey: *p\n",
        "keys: &p [hunter2]\nplain: *p\n",
        "url: &p postgres://u:hunter2@h\nplain: *p\n",
        "even: &p hunter2\nkey: *p\n",
        // These are right, so that the page is shown.
        "key: &p hunter2\nname: *p\n",
        "name: &p hunter2\nkeys: [*p]\n",
    ] {
        assert_hidden("yaml", text);
    }
    let page = said("yaml", "url: &p postgres://u:hunter2@h\nname: *p\n");
    assert!(page.contains(r#"url = "postgres://***@h""#), "{page}");
}

#[test]
fn the_password_of_a_url_in_a_comment_is_hidden() {
    let said = said("toml", "url = 5 # was postgres://u:hunter2@h, see://b@c");
    assert!(
        said.contains("url = 5 # was postgres://***@h, see://***@c"),
        "{said}"
    );
    assert_hidden("yaml", "plain: x # postgres://u:hun@ter2hunter2@h\n");
    assert_hidden("json", "{ // postgres://u:hunter2@h\n}");
}

/// Where a text is planted: the keys of the settings, but for the two that are plain.
const KEYS: [&str; 24] = [
    "key",
    "option",
    "keys",
    "option_keys",
    "grid",
    "pairs",
    "named",
    "lists",
    "live",
    "number",
    "numbers",
    "login",
    "either",
    "deep",
    "registry",
    "others",
    "url",
    "option_url",
    "urls",
    "url_grid",
    "url_pair",
    "url_named",
    "deep_urls",
    "pair",
];

/// Values with the planted text inside of one another, as JSON, which is YAML as well.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let planted = "postgres://u:hunter2@h";
    let leaf = prop_oneof![
        4 => Just(serde_json::json!(planted)),
        1 => Just(serde_json::json!(7_741_177)),
        1 => Just(serde_json::json!(true)),
        1 => Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let names = prop_oneof![
            Just("a"),
            Just("token"),
            Just("tokn"),
            Just("basic"),
            Just("pass"),
            Just("at"),
            Just("0")
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(names, inner, 0..3).prop_map(|table| {
                let entries = table
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                serde_json::Value::Object(entries.collect())
            }),
        ]
    })
}

fn toml_of(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(list) => {
            let values: Vec<String> = list.iter().map(toml_of).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(table) => {
            let entry = |(key, value): (&String, &Value)| format!("{key} = {}", toml_of(value));
            let entries: Vec<String> = table.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        // TOML has no null.
        Value::Null => "2024-02-29".to_owned(),
        plain => plain.to_string(),
    }
}

#[test]
fn whatever_stands_in_the_place_of_a_secret_is_shown_nowhere() {
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, seed);
    let cases = (0..KEYS.len(), values(), 0..3usize);
    let checked = runner.run(&cases, |(key, value, format)| {
        let key = KEYS[key];
        let (extension, text) = match format {
            0 => ("toml", format!("{key} = {}\n", toml_of(&value))),
            1 => ("yaml", format!("{key}: {value}\n")),
            _ => ("json", format!("{{\"{key}\": {value}}}")),
        };
        let said = said(extension, &text);
        let is_number = key.starts_with("number");
        let is_shown = said.contains("hunter2") || (is_number && said.contains("7741177"));
        prop_assert!(!is_shown, "{}\n-- said\n{}", text, said);
        Ok(())
    });
    checked.expect("nothing is shown");
}
