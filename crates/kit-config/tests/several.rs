//! Mistakes that one source, one value or one layer could hide.

use std::fmt::Write as _;

use kit_config::{Broken, Problem, Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Shop {
    #[serde(alias = "addres")]
    address: String,
    #[serde(alias = "harbour")]
    port: u16,
    low: u16,
    high: u16,
    peer: Option<Peer>,
    peers: Vec<Peer>,
    names: Vec<String>,
    signals: Signals,
    flags: Flags,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Peer {
    #[serde(alias = "old")]
    name: String,
    weight: u16,
}

/// A list with a `Deserialize` that stops at its first wrong entry.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(with = "Vec<String>")]
struct Signals(Vec<String>);

impl<'de> Deserialize<'de> for Signals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Signals, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        match names.iter().find(|name| !name.starts_with("SIG")) {
            Some(name) => Err(serde::de::Error::custom(format!("{name} is no signal"))),
            None => Ok(Signals(names)),
        }
    }
}

/// A table that is read as a whole.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(with = "std::collections::BTreeMap<String, String>")]
struct Flags(std::collections::BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Flags, D::Error> {
        let flags = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
        match flags.iter().find(|(_, value)| *value != "on") {
            Some((name, value)) => Err(serde::de::Error::custom(format!(
                "{value} is no state of {name}"
            ))),
            None => Ok(Flags(flags)),
        }
    }
}

impl Rules for Shop {
    fn check(&self, broken: &mut Broken) {
        broken.refuse_if(self.low > self.high, ["low", "high"], "is above `high`");
    }
}

/// The problems of these files, and of these texts behind `--set`, in one line each.
fn found(files: &[(&str, &str)], flags: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = Settings::<Shop>::new();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        settings = settings.file(path);
    }
    settings = settings.environment("S").variables([("S__PORT", "x")]);
    for flag in flags {
        settings = settings.set(flag);
    }
    let error = settings.load().expect_err("mistakes");
    let folder = format!("{}/", folder.path().display());
    let line = |problem: &Problem| {
        let text = problem.to_string().replace(&folder, "");
        text.lines().next().unwrap_or_default().to_owned()
    };
    error.problems().iter().map(line).collect()
}

/// Without the variable that is always wrong.
fn others(files: &[(&str, &str)], flags: &[&str]) -> Vec<String> {
    let mut found = found(files, flags);
    let variable = found
        .iter()
        .position(|line| line.starts_with("variable S__PORT: port: \"x\" is not"));
    found.remove(variable.expect("the variable is always wrong"));
    found
}

#[test]
fn a_mistake_of_the_form_hides_no_other_source() {
    for (name, text) in [
        ("a.toml", "port = \n[x\nlow = 1 1\n"),
        ("a.yaml", "port: [1\nlow: }\n"),
        ("a.json", "{\"port\": 1, ]"),
    ] {
        let files = [
            (name, text),
            ("b.toml", "high = -1\n"),
            ("c.yaml", "lou: 1\n"),
        ];
        let found = others(&files, &["address=", "colour=red", "x"]);
        assert!(found[0].starts_with(name), "{found:?}");
        let rest: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|line| !line.starts_with(name))
            .collect();
        assert_eq!(
            rest,
            [
                "b.toml:1:8: high: -1 is not a whole number from 0 to 65535",
                "c.yaml:1:1: lou: there is no such setting; did you mean `low`?",
                "flag --set x: no `=` follows the key; it has to be `--set key=value`",
                "flag --set colour: colour: there is no such setting",
            ],
            "{name}"
        );
    }
}

/// What stands behind the mistake is not known: no key is missing in a table that it cuts, no list is too short,
/// and no rule is broken by it.
#[test]
fn what_was_read_before_a_mistake_of_the_form_is_checked() {
    let json = "{\"low\": 5, \"port\": -1, \"names\": [1], \"peers\": [{\"name\": 5, \"weight\": 1}, {\"name\": \"\"}, {\"weight\": 2, \"nam\" ";
    let yaml = "low: 5\nport: -1\nnames: [1]\npeers:\n- {name: [], weight: 1}\n- name: ''\n- weight: 2\n  nam: \"\n";
    for (name, text, number) in [("a.json", json, "5"), ("a.yaml", yaml, "a list")] {
        let found = others(&[(name, text)], &[]);
        let keys: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split_once(": ").map(|(_, rest)| rest))
            .collect();
        let number = format!("peers[0].name: {number} is not a text");
        let mut expected = vec![
            "port: -1 is not a whole number from 0 to 65535",
            "names[0]: 1 is not a text",
            number.as_str(),
            "peers[1].weight: is missing; it has to be a whole number from 0 to 65535",
        ];
        let syntax: Vec<&&str> = keys.iter().filter(|key| !expected.contains(key)).collect();
        assert_eq!(syntax.len(), 1, "{name}: {found:#?}");
        expected.retain(|line| !keys.contains(line));
        assert_eq!(expected, [""; 0], "{name}: {found:#?}");
    }
    // A rule is held against the values that are known: those of the file, and of sources that count more.
    for (flags, is_broken) in [(&["high=1"][..], true), (&[], false)] {
        let found = others(&[("a.json", "{\"low\": 5, ")], flags);
        let is_said = found.iter().any(|line| line.contains("is above `high`"));
        assert_eq!(is_said, is_broken, "{found:#?}");
    }
}

#[test]
fn each_wrong_entry_of_a_list_that_is_read_as_a_whole_is_reported() {
    let text = "signals = [\"SIGHUP\", \"HUP\", \"SIGTERM\", \"INT\", \"TERM\"]\n\n\
                [flags]\na = \"on\"\nb = \"off\"\nc = \"onn\"\n";
    assert_eq!(
        others(&[("a.toml", text)], &[]),
        [
            "a.toml:1:22: signals[1]: \"HUP\" is refused: HUP is no signal",
            "a.toml:1:40: signals[3]: \"INT\" is refused: INT is no signal",
            "a.toml:1:47: signals[4]: \"TERM\" is refused: TERM is no signal",
            "a.toml:5:5: flags.b: \"off\" is refused: off is no state of b",
            "a.toml:6:5: flags.c: \"onn\" is refused: onn is no state of c",
        ]
    );
}

/// The search has an end; then it is said.
#[test]
fn none_of_many_wrong_entries_is_lost_in_silence() {
    for count in [60, 1_000] {
        let mut text = "signals = [\n".to_owned();
        for number in 0..count {
            let name = if number % 4 == 3 { "HUP" } else { "SIGHUP" };
            writeln!(text, "\"{name}{number}\",").expect("a text");
        }
        let found = others(&[("a.toml", &format!("{text}]\n"))], &[]);
        let last = found.last().map(String::as_str).unwrap_or_default();
        assert!(
            found.len() == count / 4 || last.contains("there may be more"),
            "{count}: {found:#?}"
        );
    }
}

/// What stands in the same list as a value that cannot be read.
#[test]
fn the_other_values_of_a_damaged_list_are_checked() {
    for (name, text) in [
        (
            "a.toml",
            "names = [1e999, \"a\", true, \"${NOPE}\", \"${\"]\n",
        ),
        (
            "a.json",
            "{\"names\": [1e999, \"a\", true, \"${NOPE}\", \"${\"]}",
        ),
        ("a.yaml", "names: [!x 1, a, true, \"${NOPE}\", \"${\"]\n"),
    ] {
        let found = others(&[(name, text)], &[]);
        let keys: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split(": ").nth(1))
            .collect();
        assert_eq!(
            keys,
            ["names[0]", "names[2]", "names[3]", "names[4]"],
            "{found:#?}"
        );
    }
}

/// A wrong value is a mistake although a higher source, or a later flag, replaces it.
#[test]
fn a_wrong_value_is_reported_although_it_is_replaced() {
    let found = others(
        &[
            ("a.toml", "low = \"x\"\nnames = [1]\ncolour = 1\n"),
            ("b.toml", "low = -1\nnames = [\"a\"]\n"),
        ],
        &[
            "low=y", "low=1", "low=z", "low=2", "high=3", "names=[", "names=b", "colour=1",
            "port=1",
        ],
    );
    assert_eq!(
        found,
        [
            "a.toml:1:7: low: \"x\" is not a whole number from 0 to 65535",
            "a.toml:2:10: names[0]: 1 is not a text",
            "a.toml:3:1: colour: there is no such setting",
            "b.toml:1:7: low: -1 is not a whole number from 0 to 65535",
            "flag --set low: low: \"y\" is not a whole number from 0 to 65535",
            "flag --set low: low: \"z\" is not a whole number from 0 to 65535",
            "flag --set names: names: is not written as TOML: unclosed array, expected `]`",
            "flag --set colour: colour: there is no such setting",
        ]
    );
}

/// `alias` is no part of a schema.
#[test]
fn a_key_that_only_serde_knows_is_explained() {
    let explained = |key: &str, name: &str| {
        format!(
            "{key}: there is no such setting: only serde knows it, as by `alias`, which is no part of the schema; \
             the type has to name an old key by `#[schemars(extend(\"was\" = \"{name}\"))]`"
        )
    };
    let text = "addres = \"x\"\nharbour = 1\nprot = 1\n\n[peer]\nold = \"a\"\nweight = 1\n";
    let found = others(&[("a.toml", text)], &[]);
    assert_eq!(
        found,
        [
            format!("a.toml:1:1: {}", explained("addres", "addres")),
            format!("a.toml:2:1: {}", explained("harbour", "harbour")),
            "a.toml:3:1: prot: there is no such setting; did you mean `port`?".to_owned(),
            "a.toml:5:1: peer.name: is missing; it has to be a text".to_owned(),
            format!("a.toml:6:1: {}", explained("peer.old", "old")),
        ]
    );
}
