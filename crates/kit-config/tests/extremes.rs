//! Texts that would exhaust the stack, the memory or a life's time, were there no bounds.

use std::collections::BTreeMap;

use kit_config::{Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How deep, or how long, a text is made.
const LARGE: usize = 10_000;

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Shop {
    list: Vec<u16>,
    lists: Vec<Vec<u16>>,
    small: u8,
    large: u128,
    signed: i64,
    ratio: f64,
    narrow: f32,
    text: String,
    map: BTreeMap<String, Tree>,
    tree: Tree,
    any: Any,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Tree {
    next: Option<Box<Tree>>,
    all: Vec<Tree>,
}

/// Alternatives in alternatives.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Any {
    Number(u8),
    List(Vec<Any>),
    Map(BTreeMap<String, Any>),
}

impl Default for Any {
    fn default() -> Any {
        Any::Number(0)
    }
}

impl Rules for Shop {}

fn said(settings: &Settings<Shop>) -> String {
    match settings.load() {
        Ok(_) => "no mistake".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The words about a file.
fn of_file(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    said(&Settings::new().file(path))
}

fn of_flag(text: &str) -> String {
    said(&Settings::new().set(text))
}

fn of_variable(name: &str, value: &str) -> String {
    said(&Settings::new().environment("O").variables([(name, value)]))
}

fn nested(open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(LARGE), close.repeat(LARGE))
}

/// Each text has to be refused with words such as these.
fn assert_refused(cases: &[(&str, String, &str)]) {
    let mut differences = String::new();
    for (name, said, expected) in cases {
        if !said.contains(expected) {
            let said: String = said.chars().take(600).collect();
            differences += &format!("{name}: {said}\n\n");
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let list = nested("[", "1", "]");
    let toml = format!("{}1{}", "{ next = ".repeat(LARGE), " }".repeat(LARGE));
    let json = nested("{\"next\":", "1", "}");
    let dotted = vec!["next"; LARGE].join(".");
    let block: String = (0..LARGE / 10).fold(String::new(), |text, depth| {
        text + &" ".repeat(depth) + "next:\n"
    });
    assert_refused(&[
        (
            "toml list",
            of_file("a.toml", &format!("any = {list}")),
            "nest",
        ),
        (
            "toml table",
            of_file("a.toml", &format!("tree = {toml}")),
            "nest",
        ),
        (
            "toml header",
            of_file("a.toml", &format!("[tree.{dotted}]\n")),
            "nest",
        ),
        (
            "toml key",
            of_file("a.toml", &format!("tree.{dotted} = 1\n")),
            "nest",
        ),
        (
            "toml open",
            of_file("a.toml", &format!("any = {}", "[".repeat(LARGE))),
            "nest",
        ),
        (
            "yaml flow",
            of_file("a.yaml", &format!("any: {list}")),
            "nest",
        ),
        (
            "yaml open",
            of_file("a.yaml", &format!("any: {}", "[".repeat(LARGE))),
            "nest",
        ),
        (
            "yaml dashes",
            of_file("a.yaml", &format!("any: \n {}", "- ".repeat(LARGE))),
            "nest",
        ),
        (
            "yaml block",
            of_file("a.yaml", &format!("tree:\n{block}")),
            "nest",
        ),
        ("yaml keys", of_file("a.yaml", &"? ".repeat(LARGE)), "nest"),
        (
            "json list",
            of_file("a.json", &format!("{{\"any\": {list}}}")),
            "nest",
        ),
        (
            "json table",
            of_file("a.json", &format!("{{\"tree\": {json}}}")),
            "nest",
        ),
        (
            "json open",
            of_file("a.json", &"{\"tree\":".repeat(LARGE)),
            "nest",
        ),
        ("set list", of_flag(&format!("any={list}")), "nest"),
        ("set table", of_flag(&format!("tree={toml}")), "nest"),
        ("set key", of_flag(&format!("tree.{dotted}=1")), "nest"),
        (
            "set index",
            of_flag(&format!("any{}=1", "[0]".repeat(LARGE))),
            "nest",
        ),
        (
            "variable",
            of_variable(&format!("O__TREE{}", "__NEXT".repeat(LARGE)), "1"),
            "nest",
        ),
        (
            "references",
            of_file(
                "a.toml",
                &format!("text = \"{}\"", nested("${A:", "x", "}")),
            ),
            "more than 16 references",
        ),
    ]);
}

#[test]
fn what_multiplies_is_refused() {
    let mut bomb = "any: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    let mut merges = "m0: &m0 {k: 1}\n".to_owned();
    for level in 1..20 {
        let alias = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("k{level}: &a{level} [{alias}]\n");
        let alias = vec![format!("*m{}", level - 1); 10].join(", ");
        merges += &format!(
            "m{level}: &m{level} {{<<: [{alias}], k{level}: *m{}}}\n",
            level - 1
        );
    }
    let itself = "any: &a [*a]\n";
    let references: String = (0..30).fold(String::new(), |text, level| {
        text + &format!(
            "[map.k{level}]\nall = [{}]\n",
            vec![format!("\"${{key:map.k{}}}\"", level + 1); 10].join(", ")
        )
    });
    assert_refused(&[
        (
            "aliases",
            of_file("a.yaml", &bomb),
            "the aliases up to here stand for more",
        ),
        (
            "merges",
            of_file("a.yaml", &merges),
            "the aliases up to here stand for more",
        ),
        ("itself", of_file("a.yaml", itself), "anchor"),
        ("references", of_file("a.toml", &references), "map.k"),
    ]);
}

#[test]
fn what_is_far_beyond_a_list_is_refused() {
    for index in ["1", "999999999", "18446744073709551615"] {
        let flag = of_flag(&format!("list[{index}]=1"));
        let variable = of_variable(&format!("O__LIST__{index}"), "1");
        for said in [flag, variable] {
            assert!(
                said.contains("so that its first index is 0"),
                "{index}: {said}"
            );
        }
    }
    let (beyond, inner) = ("99999999999999999999", of_flag("lists[0][999999999]=1"));
    assert_refused(&[
        (
            "flag",
            of_flag(&format!("list[{beyond}]=1")),
            "the number of a value, from 0",
        ),
        (
            "variable",
            of_variable(&format!("O__LIST__{beyond}"), "1"),
            "there is no such setting",
        ),
        ("inner", inner, "so that its first index is 0"),
    ]);
}

/// Numbers that no setting takes, in every place where a number can stand.
#[test]
fn numbers_beyond_their_types_are_refused() {
    let digits = "9".repeat(LARGE);
    let fraction = format!("0.{}1", "0".repeat(LARGE));
    let numbers = [
        digits.as_str(),
        "1e400",
        "-1e400",
        "1e999999999999999999999",
        "nan",
        "NaN",
        "-nan",
        ".nan",
        "340282366920938463463374607431768211456",
        "-9223372036854775809",
        "0x10000000000000000000000000000000000",
        "0b2",
        "1__0",
        "1_",
        "--1",
        "١",
    ];
    for number in numbers {
        for key in ["small", "signed", "ratio", "narrow", "large"] {
            let is_float = matches!(key, "ratio" | "narrow");
            for (name, text) in [
                ("a.toml", format!("{key} = {number}")),
                ("a.yaml", format!("{key}: {number}")),
                ("a.json", format!("{{\"{key}\": {number}}}")),
            ] {
                // Whole numbers without end are numbers of the type f64.
                let is_taken = is_float && number.bytes().skip(1).all(|byte| byte.is_ascii_digit());
                let said = of_file(name, &text);
                assert!(is_taken || said != "no mistake", "{name}: {text}");
            }
            of_flag(&format!("{key}={number}"));
            of_variable(&format!("O__{}", key.to_uppercase()), number);
        }
    }
    for name in ["a.toml", "a.yaml"] {
        let sign = if name == "a.toml" { " =" } else { ":" };
        assert_eq!(
            of_file(name, &format!("ratio{sign} {fraction}")),
            "no mistake"
        );
    }
    assert_eq!(of_flag(&format!("ratio={fraction}")), "no mistake");
}

#[test]
fn long_texts_are_read_in_a_bounded_time() {
    let long = "x".repeat(1 << 20);
    assert_eq!(
        of_file("a.toml", &format!("text = \"{long}\"")),
        "no mistake"
    );
    assert_refused(&[
        (
            "a typo",
            of_file("a.toml", &format!("{long} = 1")),
            "there is no such setting",
        ),
        (
            "a list",
            of_flag(&format!("list={}", ",".repeat(1 << 16))),
            "mistakes",
        ),
        (
            "braces",
            of_flag(&format!("tree={}", "{".repeat(1 << 16))),
            "mistake",
        ),
        (
            "dollars",
            of_file("a.toml", &format!("text = \"{}\"", "${".repeat(1 << 14))),
            "no `}`",
        ),
    ]);
}
