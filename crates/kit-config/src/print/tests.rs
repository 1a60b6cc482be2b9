use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checked::checked;
use super::defaults::defaults;
use super::schema::schema;
use crate::secret::{Secret, shown};
use crate::shape::Shape;
use crate::testing::{node, tree};
use crate::tree::key::KeyPath;
use crate::tree::node::{Node, Value};
use crate::tree::origin::{Brought, Origin};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Orders {
    /// The name in the registry.
    ///
    /// Other services find it by this name.
    ///
    /// ```
    /// let rust = "is not for the file";
    /// ```
    name: String,
    http: Http,
    /// Where orders are kept.
    #[schemars(extend("was" = "db"))]
    database: Database,
    store: Store,
    level: Level,
    admin: Option<Http>,
    /// Names for the log.
    labels: BTreeMap<String, String>,
    servers: Vec<Server>,
    hosts: Vec<String>,
    tags: Vec<Server>,
    timeout: Option<u64>,
}

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Http {
    /// The port.
    #[schemars(range(min = 1), extend("was" = ["web_port", "/port"]))]
    port: u16,
    #[schemars(extend("examples" = ["a.example"]))]
    host: Option<String>,
    is_open: bool,
    #[schemars(extend("x-kit-unit" = "bytes"))]
    max_body: u64,
    ratio: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Database {
    user: String,
    password: Secret<String>,
    key: Secret<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Store {
    Memory { capacity: u32 },
    Disk { path: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Debug,
    Custom { filter: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Server {
    name: String,
    #[serde(default)]
    weight: u8,
}

impl Default for Orders {
    fn default() -> Orders {
        Orders {
            name: "orders ${x} \"\u{1}\n".to_owned(),
            http: Http::default(),
            database: Database::default(),
            store: Store::Memory { capacity: 16 },
            level: Level::Info,
            admin: None,
            labels: BTreeMap::new(),
            servers: vec![
                Server {
                    name: "a".to_owned(),
                    weight: 1,
                },
                Server {
                    name: "b".to_owned(),
                    weight: 2,
                },
            ],
            hosts: vec!["x".to_owned(), "y".to_owned()],
            tags: Vec::new(),
            timeout: None,
        }
    }
}

impl Default for Database {
    fn default() -> Database {
        Database {
            user: "orders".to_owned(),
            password: Secret::new("hunter2".to_owned()),
            key: Secret::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Http {
        Http {
            port: 8000,
            host: None,
            is_open: true,
            max_body: 4096,
            ratio: 1.0,
        }
    }
}

fn shape() -> Shape {
    Shape::of::<Orders>()
}

fn key(key: &str) -> KeyPath {
    key.split('.')
        .fold(KeyPath::root(), |path, key| path.key(key))
}

fn defaults_of(orders: &Orders) -> Node {
    let json = shown::within(|| serde_json::to_value(orders)).expect("JSON");
    node(&json, &Origin::Default)
}

/// The lines without the marks before settings.
fn uncommented(page: &str) -> String {
    let lines = page.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_of_defaults_reads_as_the_defaults() {
    let page = defaults(&defaults_of(&Orders::default()), &shape());
    let untouched: Orders = toml::from_str(&page).unwrap_or_else(|error| panic!("{error}\n{page}"));
    assert_eq!(untouched, Orders::default(), "{page}");
    let read: Orders =
        toml::from_str(&uncommented(&page)).unwrap_or_else(|error| panic!("{error}\n{page}"));
    let mut expected = Orders::default();
    expected.name = expected.name.replace("${", "$${");
    assert_eq!(read, expected, "{page}");
    assert!(!page.contains("hunter2") && !page.contains("***"), "{page}");
}

#[test]
fn the_page_of_defaults_documents_each_setting() {
    let page = defaults(&defaults_of(&Orders::default()), &shape());
    for expected in [
        "
# The name in the registry.
#
# Other services find it by this name.
# A text.
#name = ",
        "
# An HTTP server.
[http]
",
        "
# The port.
# A whole number from 1 to 65535.
#port = 8000
",
        "
# A text. Not set by default.
# host = \"a.example\"
",
        "
# A whole number from 0 to 18446744073709551615, in bytes.
#max_body = 4096
",
        "
# Where orders are kept.
[database]
",
        "
# A text. A secret. It has a default, which is not shown.
# password = \"\"
",
        "
# A text. A secret.
#key = \"\"
",
        "
#[store]

# A whole number from 0 to 4294967295.
#capacity = 16

# `memory`.
#kind = \"memory\"

# Or:
# kind = \"disk\"
# path = \"\"
",
        "
# One of `info`, `debug` or a table with `custom`.
#level = \"info\"
# level = { custom = { filter = \"\" } }
",
        "
# An HTTP server.
# [admin]
",
        "
# Names for the log.
[labels]
# any-name = \"\"
",
        "#[[servers]]\n\n# A text.\n#name = \"a\"\n",
        "#[[servers]]\n\n# A text.\n#name = \"b\"\n",
        "# [[tags]]\n\n# A text. It has to be set.\n# name = \"\"\n\n# A whole number from 0 to 255.\n# weight = 0\n",
        "# [admin]\n\n# A text. Not set by default.\n# host = \"a.example\"\n\n# True or false.\n# is_open = true\n",
        "\n# A list.\n#hosts = [\"x\", \"y\"]\n",
    ] {
        let expected = expected
            .strip_prefix("\n# Not set by default.\n")
            .unwrap_or(expected);
        assert!(page.contains(expected), "{expected}\nis not in\n{page}");
    }
}

#[test]
fn the_checked_page_is_toml_with_origins_and_without_secrets() {
    let mut merged = defaults_of(&Orders::default());
    let overlay = tree(r#"{"port": 9, "list": ["x", "$${y}"], "pw": "tulip", "null": null}"#);
    let put = |merged: &mut Node, at: &str, from: &str| {
        let node = overlay.get(&key(from)).expect("a value").clone();
        merged.insert(&key(at), node).expect("a place");
    };
    put(&mut merged, "http.port", "port");
    put(&mut merged, "hosts", "list");
    put(&mut merged, "database.password", "pw");
    let brought = |value: &str, from: &str, is_hidden| {
        let brought = Brought {
            at: overlay.origin.clone(),
            from: from.to_owned(),
            is_untyped: false,
            is_hidden,
            is_url: false,
        };
        Node::new(
            Value::Text(value.to_owned()),
            Origin::Reference(Arc::new(brought)),
        )
    };
    merged
        .insert(&key("hosts").index(1), brought("from\nx", "${HOST}", false))
        .expect("a place");
    merged
        .insert(&key("http.host"), brought("orchid", "${file:/x}", true))
        .expect("a place");
    let name = Origin::Variable("ODD\nname".into());
    merged
        .insert(&key("name"), Node::new(Value::Text("a".to_owned()), name))
        .expect("a place");
    let page = checked(&merged, &shape());
    let read: Orders = toml::from_str(&page).unwrap_or_else(|error| panic!("{error}\n{page}"));
    let mut expected = Orders {
        name: "a".to_owned(),
        ..Orders::default()
    };
    expected.http.port = 9;
    expected.http.host = Some("***".to_owned());
    expected.hosts = vec!["x".to_owned(), "from\nx".to_owned()];
    expected.database.password = Secret::new("***".to_owned());
    assert_eq!(read, expected, "{page}");
    for line in [
        "port = 9 # config/orders.json:1:1",
        "hosts = [ # config/orders.json:1:1",
        "    \"x\", # config/orders.json:1:1",
        "    \"from\\nx\", # config/orders.json:1:1, from ${HOST}",
        "host = \"***\" # config/orders.json:1:1, from ${file:/x}",
        "password = \"***\" # config/orders.json:1:1",
        "key = \"\" # default",
        "is_open = true # default",
        "name = \"a\" # variable ODD\u{fffd}name",
        "# timeout is not set: default",
        "[[servers]] # default",
    ] {
        assert!(
            page.lines().any(|found| found == line),
            "{line}\nis not in\n{page}"
        );
    }
    for secret in ["hunter2", "tulip", "orchid"] {
        assert!(!page.contains(secret), "{page}");
    }
}

#[test]
fn what_the_shape_does_not_know_is_masked() {
    let merged = tree(r#"{"pasword": "tulip", "database": {"key": {"a": ["tulip"]}}}"#);
    let page = checked(&merged, &shape());
    assert!(
        page.contains("pasword = \"***\"") && page.contains("key = \"***\""),
        "{page}"
    );
    assert!(!page.contains("tulip"), "{page}");
}

#[test]
fn the_schema_is_one_for_editors() {
    let page = schema(&shape(), "Orders");
    let schema: serde_json::Value = serde_json::from_str(&page).expect("JSON");
    let at = |path: &str| {
        schema
            .pointer(path)
            .unwrap_or_else(|| panic!("{path} in {page}"))
    };
    assert_eq!(
        at("/$schema"),
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(at("/title"), "Orders");
    assert_eq!(at("/additionalProperties"), false);
    assert_eq!(at("/$defs/Server/additionalProperties"), false);
    assert_eq!(at("/$defs/Http/properties/port/minimum"), 1);
    assert_eq!(
        at("/$defs/Http/properties/port/type"),
        &serde_json::json!(["integer", "string"])
    );
    assert_eq!(at("/$defs/Http/properties/port/pattern"), r"\$\{");
    assert_eq!(at("/$defs/Http/properties/web_port/deprecated"), true);
    assert_eq!(
        at("/$defs/Http/properties/web_port/description"),
        "Is called `port` now."
    );
    assert_eq!(at("/properties/port/deprecated"), true);
    assert_eq!(at("/properties/db/deprecated"), true);
    assert_eq!(at("/properties/name/default"), "orders $${x} \"\u{1}\n");
    assert_eq!(at("/$defs/Database/properties/password/writeOnly"), true);
    assert!(!page.contains("***") && !page.contains("hunter2"), "{page}");
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Flat {
    #[serde(flatten)]
    store: Option<Store>,
    #[serde(flatten)]
    http: Http,
    own: u8,
}

#[test]
fn flattened_keys_stay_allowed() {
    let page = schema(&Shape::of::<Flat>(), "Flat");
    let schema: serde_json::Value = serde_json::from_str(&page).expect("JSON");
    let at = |path: &str| schema.pointer(path);
    let closed = Some(&serde_json::json!(false));
    assert_eq!(at("/unevaluatedProperties"), closed, "{page}");
    for variant in ["/anyOf/0/oneOf/0", "/anyOf/0/oneOf/1"] {
        assert!(
            at(&format!("{variant}/properties/kind")).is_some(),
            "{page}"
        );
        assert_eq!(
            at(&format!("{variant}/additionalProperties")),
            None,
            "{page}"
        );
    }
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Marked {
    tokens: Vec<Secret<String>>,
    by_name: BTreeMap<String, Inner>,
    pair: (String, Inner),
    #[schemars(extend("x-kit-url" = true))]
    registries: Vec<String>,
    inner: Inner,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Inner {
    #[schemars(extend("x-kit-secret" = true))]
    key: String,
}

impl Default for Inner {
    fn default() -> Inner {
        let key = "hunter2".to_owned();
        Inner { key }
    }
}

impl Default for Marked {
    fn default() -> Marked {
        Marked {
            tokens: vec![Secret::new("hunter2".to_owned())],
            by_name: BTreeMap::from([("a".to_owned(), Inner::default())]),
            registries: vec!["etcd://app:hunter2@h:2379".to_owned()],
            pair: ("plain".to_owned(), Inner::default()),
            inner: Inner::default(),
        }
    }
}

#[test]
fn no_page_shows_a_default_that_is_secret_inside_of_another_one() {
    let shape = Shape::of::<Marked>();
    let tree = crate::read::write(&Marked::default()).expect("the defaults");
    let pages = [
        defaults(&tree, &shape),
        checked(&tree, &shape),
        schema(&shape, "Marked"),
    ];
    for page in pages {
        assert!(!page.contains("hunter2"), "{page}");
    }
    let page = checked(&tree, &shape);
    assert!(page.contains("\"etcd://***@h:2379\""), "{page}");
}
