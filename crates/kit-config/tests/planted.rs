//! Mistakes that are planted in right settings: each is reported, in its source, and nothing else is.

use std::collections::BTreeSet;
use std::path::Path;

use kit_config::{LoadError, Settings};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[path = "support/orders.rs"]
mod orders;

use orders::Orders;

/// A wrong value, and the keys that are reported for it.
struct Mistake {
    key: &'static str,
    /// As a file has it, in JSON.
    wrong: &'static str,
    /// As a variable or a flag has it; `None` if only a file can be wrong so.
    wrong_text: Option<&'static str>,
    /// A right value that a higher source can put over the wrong one, which is reported all the same; `None` where
    /// the wrong value means something only together with other ones, and is not looked at when replaced.
    right: Option<&'static str>,
    reported: &'static [&'static str],
}

const fn plain(
    key: &'static str,
    wrong: &'static str,
    text: &'static str,
    right: &'static str,
    reported: &'static [&'static str],
) -> Mistake {
    Mistake {
        key,
        wrong,
        wrong_text: Some(text),
        right: Some(right),
        reported,
    }
}

/// One that only a file can have.
const fn in_file(
    key: &'static str,
    wrong: &'static str,
    reported: &'static [&'static str],
) -> Mistake {
    Mistake {
        key,
        wrong,
        wrong_text: None,
        right: None,
        reported,
    }
}

/// No two of them stand in one another.
const MISTAKES: &[Mistake] = &[
    plain("http.port", "70000", "x", "80", &["http.port"]),
    plain("http.host", "\"nowhere\"", "nowhere", "::1", &["http.host"]),
    plain(
        "http.compress",
        "\"yes\"",
        "yes",
        "true",
        &["http.compress"],
    ),
    plain("http.max_body", "0", "0", "5", &["http.max_body"]),
    plain("database.pool.max", "0", "0", "9", &["database.pool.max"]),
    plain("database.pin", "\"12a\"", "12a", "5", &["database.pin"]),
    plain("level", "\"loud\"", "loud", "info", &["level"]),
    plain("gateway", "\"here\"", "here", "::1", &["gateway"]),
    plain("plain.mark", "\"ab\"", "ab", "a", &["plain.mark"]),
    plain("plain.large", "-1", "-1", "1", &["plain.large"]),
    plain("plain.small", "200", "200", "1", &["plain.small"]),
    plain("plain.id", "1.5", "1.5", "1", &["plain.id"]),
    plain("plain.ratio", "\"x\"", "x", "1", &["plain.ratio"]),
    plain("plain.share", "true", "x", "1", &["plain.share"]),
    plain("plain.wrapped", "300", "300", "1", &["plain.wrapped"]),
    plain("plain.even", "3", "3", "4", &["plain.even"]),
    plain(
        "plain.bytes",
        "[1, 300, 2, -1]",
        "1,300,2,-1",
        "1",
        &["plain.bytes[1]", "plain.bytes[3]"],
    ),
    plain(
        "plain.pair",
        "[300, 1]",
        "300,x",
        "[1, true]",
        &["plain.pair[0]", "plain.pair[1]"],
    ),
    plain("http.prot", "80", "80", "", &["http.prot"]),
    plain("colour", "\"red\"", "red", "", &["colour"]),
    plain("database.pool.mim", "1", "1", "", &["database.pool.mim"]),
    in_file("shards.one", "\"a\"", &["shards.one"]),
    in_file(
        "limits.a",
        "{\"rate\": -1, \"bust\": 1}",
        &["limits.a.rate", "limits.a.bust"],
    ),
    in_file("limits.b", "{\"burst\": 1}", &["limits.b.rate"]),
    in_file(
        "servers",
        "[{\"name\": \"a\", \"addr\": \"x\"}, {\"name\": 5, \"addr\": \"y\", \"weight\": 2.5},
          {\"name\": \"\", \"addr\": \"[::1]:1\"}, {\"name\": \"c\"}]",
        &[
            "servers[0].addr",
            "servers[1].name",
            "servers[1].addr",
            "servers[1].weight",
            "servers[2].name",
            "servers[3].addr",
        ],
    ),
    in_file(
        "output",
        "{\"type\": \"fil\", \"path\": \"/x\"}",
        &["output.type"],
    ),
    in_file(
        "retry",
        "{\"kind\": \"fixed\", \"with\": {\"times\": 300}}",
        &["retry.with.times"],
    ),
    in_file("log", "{\"file\": {\"path\": 5}}", &["log.file.path"]),
    in_file("auth", "\"anonymous\"", &["auth"]),
    in_file(
        "filter",
        "{\"all\": [\"info\", \"loud\"]}",
        &["filter.all[1]"],
    ),
    in_file(
        "tree.children",
        "[{\"nam\": \"x\"}, {\"name\": 5}]",
        &["tree.children[0].nam", "tree.children[1].name"],
    ),
    in_file(
        "tree.next",
        "{\"name\": [], \"next\": {\"name\": 1}}",
        &["tree.next.name", "tree.next.next.name"],
    ),
    in_file(
        "vault.accounts",
        "[{}, {\"code\": [1]}]",
        &["vault.accounts[0].code", "vault.accounts[1].code"],
    ),
    in_file(
        "vault.sealed",
        "{\"a\": {}, \"b\": []}",
        &["vault.sealed.a", "vault.sealed.b"],
    ),
    in_file(
        "vault.login",
        "{\"kind\": \"basic\"}",
        &["vault.login.pass"],
    ),
    in_file("cache", "\"redis\"", &["redis_addr"]),
    in_file(
        "http.tls",
        "{\"cert\": 1, \"key\": \"${KEY}\"}",
        &["http.tls.cert", "http.tls.key"],
    ),
    in_file("database.url", "\"${HOST}:${PORT}\"", &["database.url"]),
    in_file("plain.label", "\"${key:plain.lable}\"", &["plain.label"]),
];

/// The sources, from the one that counts least.
const SOURCES: [&str; 6] = [
    "a.toml",
    "b.yaml",
    "c.json",
    "a.test.toml",
    "variable ",
    "flag ",
];
const FILES: usize = 4;

/// Settings from all sources, which are right until mistakes are planted.
#[derive(Default)]
struct Planted {
    files: [Map<String, Value>; FILES],
    variables: Vec<(String, String)>,
    flags: Vec<String>,
    /// The problems that have to be reported: the source, and the key.
    expected: BTreeSet<(usize, String)>,
}

impl Planted {
    /// Puts a mistake into one of the sources that can have it, and a right value into a higher one, if there is
    /// such a value.
    fn plant(&mut self, mistake: &Mistake, source: usize, is_replaced: bool) {
        let source = match mistake.wrong_text {
            Some(_) => source,
            None => source % FILES,
        };
        self.put(source, mistake.key, mistake.wrong, mistake.wrong_text);
        let reported = mistake.reported.iter();
        self.expected
            .extend(reported.map(|key| (source, (*key).to_owned())));
        let is_rule = mistake.key == "http.max_body";
        if let (true, Some(right)) = (
            is_replaced && !right_is_none(mistake) && !is_rule,
            mistake.right,
        ) && source < SOURCES.len() - 1
        {
            self.put(SOURCES.len() - 1, mistake.key, "", Some(right));
        }
    }

    fn put(&mut self, source: usize, key: &str, value: &str, text: Option<&str>) {
        let text = text.unwrap_or_default();
        match source {
            0..FILES => {
                let value = serde_json::from_str(value).expect("JSON");
                insert(&mut self.files[source], key, value);
            }
            FILES => {
                let name = key.replace('.', "__").to_uppercase();
                self.variables.push((format!("O__{name}"), text.to_owned()));
            }
            _ => self.flags.push(format!("{key}={text}")),
        }
    }

    fn load(&self, folder: &Path) -> Result<(), LoadError> {
        let mut settings = Settings::<Orders>::new();
        for (name, content) in SOURCES.iter().zip(&self.files) {
            let path = folder.join(name);
            let text = match name.ends_with("toml") {
                true => lines_of_toml(content),
                // JSON is YAML as well.
                false => serde_json::to_string_pretty(content).expect("JSON"),
            };
            std::fs::write(&path, text).expect("a file");
            if !name.contains("test") {
                settings = settings.file(path);
            }
        }
        settings = settings.profile("test").environment("O");
        settings = settings.variables(self.variables.iter().cloned());
        for flag in &self.flags {
            settings = settings.set(flag);
        }
        settings.load().map(drop)
    }
}

/// The keys of the root, each in a line of TOML.
fn lines_of_toml(table: &Map<String, Value>) -> String {
    let line = |(key, value): (&String, &Value)| format!("{key} = {}\n", toml_of(value));
    table.iter().map(line).collect()
}

fn toml_of(value: &Value) -> String {
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
        plain => plain.to_string(),
    }
}

fn right_is_none(mistake: &Mistake) -> bool {
    mistake.right.is_none_or(str::is_empty)
}

fn insert(table: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| json!({}));
            insert(inner.as_object_mut().expect("a table"), rest, value);
        }
    }
}

/// The sources and keys of the problems.
fn found(error: &LoadError) -> BTreeSet<(usize, String)> {
    let problems = error.problems().iter();
    let place = |problem: &kit_config::Problem| {
        let source = problem.source();
        let place = SOURCES.iter().position(|name| source.contains(name));
        (place.unwrap_or(SOURCES.len()), problem.key())
    };
    problems.map(place).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    #[test]
    fn each_planted_mistake_is_reported_and_nothing_else(
        planted in proptest::sample::subsequence((0..MISTAKES.len()).collect::<Vec<_>>(), 1..=6),
        sources in proptest::collection::vec(0..SOURCES.len(), 6),
        replaced in proptest::collection::vec(any::<bool>(), 6),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut all = Planted::default();
        for ((mistake, source), is_replaced) in planted.iter().zip(&sources).zip(&replaced) {
            all.plant(&MISTAKES[*mistake], *source, *is_replaced);
        }
        let error = all.load(folder.path()).expect_err("mistakes");
        let found = found(&error);
        prop_assert_eq!(&found, &all.expected, "{}", error);
    }
}

/// Each mistake alone, in each source: what the property above draws from.
#[test]
fn each_mistake_alone_is_reported() {
    let mut differences = String::new();
    for mistake in MISTAKES {
        for source in 0..SOURCES.len() {
            for is_replaced in [false, true] {
                let folder = tempfile::tempdir().expect("a folder");
                let mut planted = Planted::default();
                planted.plant(mistake, source, is_replaced);
                let said = match planted.load(folder.path()) {
                    Ok(()) => "no mistake".to_owned(),
                    Err(error) if found(&error) == planted.expected => continue,
                    Err(error) => error.to_string(),
                };
                let expected = &planted.expected;
                differences += &format!("{expected:?}, replaced: {is_replaced}:\n{said}\n\n");
            }
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}
