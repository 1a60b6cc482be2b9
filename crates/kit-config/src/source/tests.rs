//! Mutated files of each format: a tree or problems, no panic, and each place on a line of the text.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::layer::{Layer, MAX_DEPTH};
use super::{json, toml, yaml};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::SourceText;

/// Mutated files of each format in one run.
const FILES: u32 = 10_000;

const TOML: &[&str] = &[
    "# orders\r\nname = \"örders\"\n[http]\naddr = ':8000'\nmax.size = 16_000\n[[servers]]\na = [1, {b = 2}]\n",
    "t = \"\"\"\nx \\\n y\"\"\"\nd = 1979-05-27T07:32:00Z\nf = -1e3\nh = 0xfF\n[a.\"b c\".'d']\nx = true\n[a]\ny = inf\n",
];

const YAML: &[&str] = &[
    "# orders\r\nname: örders\nhttp: &h\n  addr: ':8000'\n  max: 16_000\nservers:\n- {<<: *h, a: [1, \"x\\n\"]}\n- !!str 1\n",
    "---\nt: |2-\n   x\n\n  y\nf: >\n  a\n  b\n? k\n: [~, .inf, 0x1f, 1e3]\n&a b: *a\n...\n",
];

const JSON: &[&str] = &[
    "{\r\n\t\"name\": \"örders\\u00e9\\n\", \"http\": {\"addr\": null, \"max\": -1.5e3}, \"s\": [true, {\"a\": []}]}",
];

/// What mutations put in: the marks of all formats, and characters of one to four bytes.
const PIECES: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ":",
    ": ",
    "- ",
    "? ",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\u",
    "#",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "  ",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "!x ",
    "|\n",
    ">\n",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "@",
    "`",
    "a",
    "a = 1\n",
    "a: 1\n",
    "\"a\": 1,",
    "0",
    "1e999",
    "nan",
    "-",
    "+",
    "_",
    "0x",
    "99999999999999999999999999999999999999999",
    "null",
    "é",
    "\u{2028}",
    "\u{feff}",
    "\u{1f600}",
    "\0",
    "\u{7f}",
    "\u{85}",
];

/// One change of a text: what it puts in, where (in parts of a thousand), and how many characters go.
type Change = (usize, usize, usize);

fn mutated(text: &str, changes: &[Change]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (piece, place, cut) in changes {
        let place = letters.len() * place / 1000;
        let end = (place + cut).min(letters.len());
        letters.splice(place..end, PIECES[piece % PIECES.len()].chars());
    }
    letters.into_iter().collect()
}

fn check_all(texts: &[&str], parse: impl Fn(&Arc<SourceText>) -> Layer) {
    let config = Config {
        cases: FILES,
        failure_persistence: None,
        ..Config::default()
    };
    let change = (0..PIECES.len(), 0..1001_usize, 0..4_usize);
    let strategy = (0..texts.len(), prop::collection::vec(change, 1..12));
    let run = TestRunner::new(config).run(&strategy, |(number, changes)| {
        let text = mutated(texts[number], &changes);
        let source = SourceText::new("a", &*text);
        let layer = parse(&source);
        prop_assert!(layer.tree.as_table().is_some());
        check_node(&layer.tree, &text, 0)?;
        for problem in &layer.problems {
            check_origin(&problem.origin, &text)?;
            prop_assert!(!problem.to_string().is_empty());
        }
        Ok(())
    });
    run.expect("a tree or problems");
}

fn check_node(node: &Node, text: &str, depth: usize) -> Result<(), TestCaseError> {
    prop_assert!(depth <= MAX_DEPTH);
    check_origin(&node.origin, text)?;
    match &node.value {
        Value::List(list) => list
            .iter()
            .try_for_each(|node| check_node(node, text, depth + 1)),
        Value::Table(table) => table.iter().try_for_each(|entry| {
            check_origin(&entry.origin, text)?;
            check_node(&entry.node, text, depth + 1)
        }),
        Value::Float(number) => {
            prop_assert!(!number.is_nan());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_origin(origin: &Origin, text: &str) -> Result<(), TestCaseError> {
    let Some(span) = origin.span() else {
        return Err(TestCaseError::fail(format!("{origin:?} has no place")));
    };
    let line = text.split('\n').nth(span.line() - 1);
    let column = span.column() - 1;
    prop_assert!(line.is_some_and(|line| column <= line.chars().count()));
    Ok(())
}

#[test]
fn no_mutated_toml_leads_to_a_panic_or_out_of_its_lines() {
    check_all(TOML, toml::parse);
}

#[test]
fn no_mutated_yaml_leads_to_a_panic_or_out_of_its_lines() {
    check_all(YAML, yaml::parse);
}

#[test]
fn no_mutated_json_leads_to_a_panic_or_out_of_its_lines() {
    check_all(JSON, json::parse);
}
