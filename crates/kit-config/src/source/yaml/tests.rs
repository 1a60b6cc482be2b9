use super::*;
use crate::tree::node::Table;

fn read(written: &str) -> Layer {
    parse(&SourceText::new("a.yaml", written))
}

/// The problems, each in one line without its snippet.
fn problems(written: &str) -> Vec<String> {
    let problems = read(written).problems;
    let line = |problem: &Problem| problem.to_string().lines().next().unwrap_or("").to_owned();
    problems.iter().map(line).collect()
}

fn key(key: &str) -> KeyPath {
    let step = |part: &str| match part.parse() {
        Ok(index) => crate::tree::key::Step::Index(index),
        Err(_) => crate::tree::key::Step::Key(part.to_owned()),
    };
    key.split('.').map(step).collect()
}

fn value(written: &str) -> Value {
    let layer = read(&format!("a: {written}\n"));
    assert_eq!(layer.problems, [], "{written}");
    layer.tree.get(&key("a")).expect("a value").value.clone()
}

#[test]
fn types_are_those_of_the_core_schema() {
    let text = |text: &str| Value::Text(text.to_owned());
    for (written, expected) in [
        ("", Value::Null),
        ("~", Value::Null),
        ("TRUE", Value::Bool(true)),
        ("yes", text("yes")),
        ("off", text("off")),
        ("017", Value::Integer(17)),
        ("0o17", Value::Integer(15)),
        ("0xff", Value::Integer(255)),
        ("+12", Value::Integer(12)),
        ("-1.5e3", Value::Float(-1500.0)),
        ("1.", Value::Float(1.0)),
        ("-.inf", Value::Float(f64::NEG_INFINITY)),
        (".", text(".")),
        ("1_000", text("1_000")),
        ("12:30", text("12:30")),
        ("2024-02-29", text("2024-02-29")),
        ("'1'", text("1")),
        ("\"a\\tb\"", text("a\tb")),
        ("!!str 1", text("1")),
        ("! 1", text("1")),
        ("!!float 1", Value::Float(1.0)),
        ("|\n  x\n  y", text("x\ny\n")),
    ] {
        assert_eq!(value(written), expected, "{written}");
    }
}

#[test]
fn a_value_knows_its_place_in_bytes_and_lines() {
    let layer = read("é: ü\r\nlist:\r\n  - {a: 1}\r\n");
    let node = layer.tree.get(&key("list.0.a")).expect("a value");
    assert_eq!(node.origin.to_string(), "a.yaml:3:9");
    let node = layer.tree.get(&key("é")).expect("a value");
    assert_eq!(
        (node.as_text(), node.origin.to_string()),
        (Some("ü"), "a.yaml:1:4".to_owned())
    );
}

#[test]
fn an_empty_document_is_an_empty_table() {
    for written in [
        "",
        "\n",
        "# nothing\r\n",
        "---\n",
        "---\n...\n",
        "null",
        "\u{feff}",
    ] {
        let layer = read(written);
        let is_empty = layer.tree.as_table().is_some_and(Table::is_empty);
        assert_eq!(
            (layer.problems, is_empty),
            (Vec::new(), true),
            "{written:?}"
        );
    }
}

#[test]
fn merge_keys_take_in_what_is_not_set_beside_them() {
    let written = "\
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
own:
  <<: [*base, *more]
  a: 5
text: {'<<': x}
";
    let layer = read(written);
    assert_eq!(layer.problems, []);
    let number = |at: &str| layer.tree.get(&key(at)).map(|node| node.value.clone());
    assert_eq!(number("own.a"), Some(Value::Integer(5)));
    assert_eq!(number("own.b"), Some(Value::Integer(2)));
    assert_eq!(number("own.c"), Some(Value::Integer(4)));
    assert_eq!(number("own.<<"), None);
    assert_eq!(number("text.<<"), Some(Value::Text("x".to_owned())));
    let taken = layer.tree.get(&key("own.b")).expect("a value");
    assert_eq!(taken.origin.to_string(), "a.yaml:1:23");
}

#[test]
fn each_mistake_says_what_is_wrong_and_where() {
    for (written, expected) in [
        (
            "a: 1\nb: 2\na: 3\n",
            "a.yaml:3:1: a: is set a second time; the first is at a.yaml:1:1",
        ),
        (
            "h:\n  p: 1\n  \"p\": 2\n",
            "a.yaml:3:3: h.p: is set a second time; the first is at a.yaml:2:3",
        ),
        (
            "l:\n  - {x: 1, x: 2}\n",
            "a.yaml:2:12: l[0].x: is set a second time; the first is at a.yaml:2:6",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "a.yaml:2:1: a second document begins here; a file of settings has one",
        ),
        (
            "- a\n",
            "a.yaml:1:1: the document has to be a mapping: `key: value`",
        ),
        (
            "text",
            "a.yaml:1:1: the document has to be a mapping: `key: value`",
        ),
        (
            "a:\n\tb: 1\n",
            "a.yaml:2:2: a tab cannot indent; YAML takes spaces only",
        ),
        (
            "a: *b\n",
            "a.yaml:1:4: no anchor of this name stands before",
        ),
        (
            "a: &a [*a]\n",
            "a.yaml:1:8: a[0]: the value of this anchor is at fault, or holds this alias",
        ),
        (
            "a: !!int x\n",
            "a.yaml:1:10: a: this is no value for the tag `!!int`",
        ),
        (
            "a: !env x\n",
            "a.yaml:1:9: a: the tag `!env` means nothing here",
        ),
        (
            "a: !env {x: 1}\n",
            "a.yaml:1:9: a: the tag `!env` means nothing here",
        ),
        (
            "a: .nan\n",
            "a.yaml:1:4: a: a setting has to be a number, and NaN is none",
        ),
        (
            "a: 1e999\n",
            "a.yaml:1:4: a: this number is too large; the largest is about 1.8e308",
        ),
        ("[a, b]: 1\n", "a.yaml:1:1: a key has to be a text"),
        ("h: {: 1}\n", "a.yaml:1:5: h: a key is missing here"),
        (
            "h: {<<: 1}\n",
            "a.yaml:1:5: h: `<<` takes a mapping, or a list of mappings",
        ),
        ("a: [1, 2\n", "a.yaml:1:4: unclosed bracket '['"),
        ("a: \"x\n", "a.yaml:1:4: unclosed quote"),
    ] {
        assert_eq!(problems(written), [expected], "{written}");
    }
}

#[test]
fn what_stands_before_a_mistake_of_form_is_read() {
    let layer = read("a: 1\nl: [1, 2\n");
    assert!(layer.tree.get(&key("a")).is_some());
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let nested = |depth| format!("a: {}1{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(problems(&nested(MAX_DEPTH - 1)), [""; 0]);
        for depth in [MAX_DEPTH + 1, 100, 100_000] {
            let found = problems(&nested(depth));
            assert!(found[0].contains("deep"), "{open} {depth}: {}", found[0]);
        }
    }
    let block = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth)));
    let found = problems(&block.collect::<String>());
    assert!(found[0].contains("deep"), "{}", found[0]);
    let by_aliases = (1..100).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1));
    let found = problems(&format!("a0: &a0 1\n{}", by_aliases.collect::<String>()));
    assert!(found[0].contains("deep"), "{}", found[0]);
}

#[test]
fn a_bomb_of_aliases_is_a_problem() {
    let line = |n: usize| {
        format!(
            "a{n}: &a{n} [{}]\n",
            vec![format!("*a{}", n - 1); 10].join(", ")
        )
    };
    let bomb = format!("a0: &a0 x\n{}", (1..30).map(line).collect::<String>());
    let found = problems(&bomb);
    assert!(
        found[0].contains("the aliases up to here stand for more than 100000 values"),
        "{}",
        found[0]
    );
}
