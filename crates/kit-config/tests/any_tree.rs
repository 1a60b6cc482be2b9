//! Whatever a file, a variable or a flag holds: settings, or problems that say why not.

use kit_config::Settings;
use proptest::prelude::*;

#[path = "support/orders.rs"]
mod orders;

use orders::Orders;

/// Names that settings have, and some that none has.
const NAMES: &[&str] = &[
    "http",
    "host",
    "port",
    "max_body",
    "compress",
    "tls",
    "cert",
    "key",
    "database",
    "db",
    "url",
    "password",
    "pin",
    "pool",
    "min",
    "max",
    "smallest",
    "pool_min",
    "servers",
    "name",
    "addr",
    "weight",
    "tags",
    "limits",
    "rate",
    "burst",
    "shards",
    "output",
    "type",
    "path",
    "rotate",
    "facility",
    "retry",
    "kind",
    "with",
    "times",
    "log",
    "off",
    "level",
    "file",
    "auth",
    "user",
    "plain",
    "filter",
    "all",
    "any",
    "least",
    "not",
    "tree",
    "children",
    "next",
    "mark",
    "pair",
    "large",
    "small",
    "id",
    "ratio",
    "label",
    "share",
    "wrapped",
    "even",
    "bytes",
    "region",
    "gateway",
    "cache",
    "redis_addr",
    "1",
    "x",
    "http.port",
];

/// Texts that settings take, and some that none takes.
const TEXTS: &[&str] = &[
    "",
    "a",
    "info",
    "debug",
    "stdout",
    "file",
    "syslog",
    "fixed",
    "never",
    "listed",
    "redis",
    "none",
    "off",
    "127.0.0.1",
    "127.0.0.1:80",
    "${A}",
    "${key:http.port}",
    "${key:region}",
    "${file:x}",
    "$${",
    "5",
    "true",
    "[1, 2]",
    "{ a = 1 }",
    "1,2",
    "[",
    "é\u{0}",
];

const SECRETS: &str = "[database]\npassword = \"hunter2\"\nurl = \"x\"\npin = \"hunter2\"\n\n[http]\nport = 80\n\n\
    [database.pool]\nmin = 1\n";
const DAMAGES: &[&str] = &[
    "", "\n", "\"", "=", " ", "[", "]", ".", "#", "\\", "x", "{", ",",
];

/// Whether a change there would be in the middle of the secret.
fn cuts(text: &str, at: usize) -> bool {
    let mut secrets = text.match_indices("hunter2");
    secrets.any(|(begin, secret)| (begin..begin + secret.len()).contains(&at))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(TEXTS).prop_map(str::to_owned),
        "\\PC{0,6}"
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => "[a-z_]{1,4}"]
}

fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| format!("\\U{:08X}", u32::from(c)))
        .collect();
    format!("\"{escaped}\"")
}

/// A value as TOML writes it.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("0".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (0..300_i64).prop_map(|number| number.to_string()),
        Just("1.5".to_owned()),
        Just("inf".to_owned()),
        Just("2024-02-29".to_owned()),
        text().prop_map(|text| quoted(&text)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..4);
        let table = proptest::collection::vec((name(), inner), 0..4);
        prop_oneof![
            list.prop_map(|values| format!("[{}]", values.join(", "))),
            table.prop_map(|entries| format!("{{ {} }}", lines(&entries).join(", "))),
        ]
    })
}

fn lines(entries: &[(String, String)]) -> Vec<String> {
    let line = |(name, value): &(String, String)| format!("{} = {value}", quoted(name));
    entries.iter().map(line).collect()
}

fn load(settings: &Settings<Orders>) -> Result<(), TestCaseError> {
    match settings.load() {
        Ok(loaded) => {
            prop_assert!(loaded.origin("http.port").is_some());
        }
        Err(error) => {
            prop_assert!(!error.problems().is_empty());
            prop_assert!(
                !error.to_string().contains("from their defaults"),
                "{}",
                error
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    #[test]
    fn any_tree_is_settings_or_problems(
        low in proptest::collection::vec((name(), value()), 0..5),
        high in proptest::collection::vec((name(), value()), 0..5),
        variables in proptest::collection::vec((proptest::collection::vec(name(), 1..4), text()), 0..4),
        flags in proptest::collection::vec((proptest::collection::vec(name(), 1..4), value()), 0..4),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, entries: &[(String, String)]| {
            let path = folder.path().join(name);
            std::fs::write(&path, lines(entries).join("\n")).expect("a file");
            path
        };
        let mut settings = Settings::<Orders>::new()
            .file(file("a.toml", &low))
            .file(file("b.toml", &high))
            .environment("O")
            .variables(variables.iter().map(|(key, text)| {
                (format!("O__{}", key.join("__").to_uppercase()), text.replace('\0', ""))
            }));
        for (key, value) in &flags {
            settings = settings.set(format!("{}={value}", key.join(".")));
        }
        load(&settings)?;
    }

    /// Alternatives inside of alternatives multiply; the search for the right ones has an end.
    #[test]
    fn filters_in_filters_are_settings_or_problems(
        steps in proptest::collection::vec((0..4_usize, 1..3_usize), 0..20),
        leaf in prop_oneof![Just("\"info\""), Just("\"loud\""), Just("5")],
    ) {
        let mut filter = leaf.to_owned();
        for (form, count) in steps {
            let count = if filter.len() > 2_000 { 1 } else { count };
            let list = vec![filter.as_str(); count].join(", ");
            filter = match form {
                0 => format!("{{ all = [{list}] }}"),
                1 => format!("{{ any = [{list}], least = 300 }}"),
                2 => format!("{{ not = {filter} }}"),
                _ => format!("[{list}]"),
            };
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        std::fs::write(&path, format!("filter = {filter}\n")).expect("a file");
        load(&Settings::new().file(path))?;
    }

    /// The file is damaged at several places, so that keys are misspelt and lines cannot be read.
    #[test]
    fn no_message_shows_a_secret(
        damages in proptest::collection::vec((0..SECRETS.len(), 0..DAMAGES.len(), any::<bool>()), 0..4),
    ) {
        let mut text = SECRETS.to_owned();
        for (at, damage, replaces) in damages {
            let end = if replaces { at + 1 } else { at };
            if end <= text.len() && !cuts(&text, at) {
                text.replace_range(at..end, DAMAGES[damage]);
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        std::fs::write(&path, &text).expect("a file");
        if let Err(error) = Settings::<Orders>::new().file(path).load() {
            prop_assert!(!error.to_string().contains("hunter2"), "{}\n{}", text, error);
        }
    }

    #[test]
    fn any_text_is_settings_or_problems(text in "(\\PC|[\\[\\]{}=\"'.,\n#:-]){0,80}") {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.toml");
        std::fs::write(&path, text).expect("a file");
        load(&Settings::new().file(path))?;
    }
}
