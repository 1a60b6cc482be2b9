//! Files with more keys, and more mistakes, than a person writes: a generator does, or a mistake in one.
//!
//! Work that grows with the square of the keys would take minutes here: the tests have no clock, and need
//! none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;

use kit_config::{LoadError, Problem, Rules, Secret, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

const MANY: usize = 20_000;

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Shop {
    prices: BTreeMap<String, u32>,
    labels: BTreeMap<String, String>,
    servers: Vec<Server>,
    groups: BTreeMap<String, Vec<Server>>,
    #[schemars(with = "Vec<String>")]
    peers: Vec<SocketAddr>,
    /// With it, the values of unknown keys are hidden.
    password: Secret<String>,
}

/// A table of a list, which needs its only key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Server {
    name: String,
}

impl Rules for Shop {}

fn file(suffix: &str, text: &str) -> NamedTempFile {
    let file = tempfile::Builder::new().suffix(suffix).tempfile();
    let mut file = file.expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn refused(file: &NamedTempFile) -> LoadError {
    let settings = Settings::<Shop>::new().file(file.path());
    settings.load().expect_err("mistakes")
}

fn lines(line: impl Fn(usize) -> String) -> String {
    (0..MANY).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "{}", line(at));
        text
    })
}

#[test]
fn a_table_with_many_keys_is_read_from_two_files() {
    let lower = file(
        ".toml",
        &format!("[prices]\n{}", lines(|at| format!("k{at} = 1"))),
    );
    let upper = file(
        ".yaml",
        &format!("prices:\n{}", lines(|at| format!("  k{at}: {at}"))),
    );
    let settings = Settings::<Shop>::new()
        .file(lower.path())
        .file(upper.path());
    let loaded = settings.load().expect("settings");
    let prices = &loaded.settings().prices;
    assert_eq!((prices.len(), prices.get("k19999")), (MANY, Some(&19_999)));
}

#[test]
fn many_unknown_keys_are_reported_in_their_order_and_the_first_are_shown() {
    let error = refused(&file(
        ".toml",
        &lines(|at| format!("unknown_{at} = \"hunter2\"")),
    ));
    let problems = error.problems();
    assert_eq!(problems.len(), MANY);
    let found = problems.iter().map(Problem::line);
    assert!(found.eq((1..=MANY).map(Some)), "in the order of the lines");
    let shown = error.to_string();
    assert!(shown.contains("has 20,000 mistakes"), "{shown}");
    assert!(shown.ends_with("\n\nand 19,900 more"), "{shown}");
    assert_eq!(shown.matches("there is no such setting").count(), 100);
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn many_unknown_keys_in_one_line_are_reported_once_each() {
    let keys: Vec<String> = (0..MANY).map(|at| format!("\"unknown_{at}\":1")).collect();
    let error = refused(&file(".json", &format!("{{{}}}", keys.join(","))));
    assert_eq!(error.problems().len(), MANY);
    assert_eq!(error.problems()[MANY - 1].key(), "unknown_19999");
}

#[test]
fn many_values_of_a_wrong_type_are_reported() {
    let text = format!("[prices]\n{}", lines(|at| format!("k{at} = \"dear\"")));
    assert_eq!(refused(&file(".toml", &text)).problems().len(), MANY);
}

#[test]
fn of_many_values_that_only_their_type_refuses_the_first_are_reported() {
    let peers = vec!["\"nowhere\""; 2_000].join(",\n");
    let error = refused(&file(".toml", &format!("peers = [\n{peers}]")));
    let problems = error.problems();
    // 256 of the file by itself, 256 of the merged settings, and the last word.
    assert_eq!(problems.len(), 513);
    let keys = problems.iter().take(512).map(Problem::key);
    assert!(keys.eq((0..512).map(|at| format!("peers[{at}]"))));
    let last = problems.last().map(ToString::to_string).unwrap_or_default();
    assert!(last.ends_with("there may be more of them"), "{last}");
}

#[test]
fn a_line_of_a_megabyte_is_shown_in_part_for_each_mistake() {
    let words = "# a word ".repeat(100_000);
    let keys: Vec<String> = (0..MANY).map(|at| format!("\"k{at}\":\"dear\"")).collect();
    let text = format!("{{\"{words}\": 1, \"prices\": {{{}}}}}", keys.join(","));
    let error = refused(&file(".json", &text));
    assert_eq!(error.problems().len(), MANY + 1);
    let shown = error.to_string();
    assert!(shown.len() < 100_000, "{} bytes", shown.len());
    assert!(shown.lines().all(|line| line.chars().count() < 3_000));
    assert!(
        shown.contains("\"k0\":\"dear\",") && shown.contains(" | …"),
        "{shown}"
    );
}

#[test]
fn many_references_to_settings_that_are_not_there_are_reported() {
    let text = lines(|at| format!("k{at} = \"${{key:labels.z{at}}}\""));
    let error = refused(&file(".toml", &format!("[labels]\n{text}")));
    let problems = error.problems();
    assert_eq!(problems.len(), MANY);
    let first = problems[0].to_string();
    assert!(first.contains("did you mean `labels.k0`?"), "{first}");
    let last = problems[MANY - 1].to_string();
    assert!(last.contains("that is referred to has no value"), "{last}");
}

#[test]
fn many_references_to_one_setting_that_fails_are_reported_once() {
    let text = lines(|at| format!("k{at} = \"${{key:labels.wrong}}\""));
    let text = format!("[labels]\nwrong = \"${{key:nothing}}\"\n{text}");
    assert_eq!(refused(&file(".toml", &text)).problems().len(), 1);
}

#[test]
fn many_references_to_files_that_are_not_there_are_reported() {
    let text = lines(|at| format!("k{at} = \"${{file:/nowhere/{at}}}\""));
    let error = refused(&file(".toml", &format!("[labels]\n{text}")));
    assert_eq!(error.problems().len(), MANY);
}

#[test]
fn many_tables_of_a_list_with_a_wrong_value_are_reported() {
    let text = lines(|_| "[[servers]]\nname = 1".to_owned());
    assert_eq!(refused(&file(".toml", &text)).problems().len(), MANY);
}

#[test]
fn many_lists_in_a_map_with_a_wrong_value_are_reported() {
    let text = lines(|at| format!("[[groups.g{at}]]\nname = 1"));
    assert_eq!(refused(&file(".toml", &text)).problems().len(), MANY);
}
