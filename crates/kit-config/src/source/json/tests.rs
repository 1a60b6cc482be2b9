use super::*;

fn read(written: &str) -> Layer {
    parse(&SourceText::new("a.json", written))
}

/// The problems, each in one line without its snippet.
fn problems(written: &str) -> Vec<String> {
    let problems = read(written).problems;
    let line = |problem: &Problem| problem.to_string().lines().next().unwrap_or("").to_owned();
    problems.iter().map(line).collect()
}

#[test]
fn every_kind_of_value_is_read_with_its_place() {
    let written = "{\r\n\t\"é\": [null, true, -1.5e2, 12, \"a\\u00e9\\ud83d\\ude00\\n\"],\r\n\t\"o\": {}\r\n}";
    let layer = read(written);
    assert_eq!(layer.problems, []);
    let list = KeyPath::root().key("é");
    let value = |index| {
        layer
            .tree
            .get(&list.index(index))
            .map(|node| node.value.clone())
    };
    assert_eq!(value(0), Some(Value::Null));
    assert_eq!(value(1), Some(Value::Bool(true)));
    assert_eq!(value(2), Some(Value::Float(-150.0)));
    assert_eq!(value(3), Some(Value::Integer(12)));
    assert_eq!(value(4), Some(Value::Text("aé\u{1f600}\n".to_owned())));
    let node = layer.tree.get(&list.index(3)).expect("a value");
    assert_eq!(node.origin.to_string(), "a.json:2:28");
}

#[test]
fn an_empty_document_is_an_empty_table() {
    for written in ["", "\r\n", "{}"] {
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
fn each_mistake_says_what_is_wrong_and_where() {
    for (written, expected) in [
        (
            "{\"a\": 1, \"a\": 2}",
            "a.json:1:10: a: is set a second time; the first is at a.json:1:2",
        ),
        (
            "[1]",
            "a.json:1:1: the document has to be an object: `{\"key\": value}`",
        ),
        ("{\"a\": 1,}", "a.json:1:8: trailing commas are not allowed"),
        ("{\"a\": 1 \"b\": 2}", "a.json:1:8: expected comma"),
        ("{\"a\": 1 // x\n}", "a.json:1:9: comments are not allowed"),
        ("{a: 1}", "a.json:1:2: expected string for object property"),
        (
            "{'a': 1}",
            "a.json:1:2: single-quoted strings are not allowed",
        ),
        (
            "{\"a\": 0x1}",
            "a.json:1:7: hexadecimal numbers are not allowed",
        ),
        ("{\"a\": NaN}", "a.json:1:7: unexpected token"),
        (
            "{\"a\": \"x\ny\"}",
            "a.json:1:9: a: a text ends with its line; a new line in it is `\\n`, a tab `\\t`",
        ),
        (
            "{\"a\": 1e999}",
            "a.json:1:7: a: this number is too large; the largest is about 1.8e308",
        ),
        (
            "{\"a\": 1} {}",
            "a.json:1:10: text cannot contain more than one JSON value",
        ),
        ("{\"a\": 01}", "a.json:1:8: expected comma"),
    ] {
        assert_eq!(problems(written), [expected], "{written}");
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth| format!("{{\"a\": {}1{}}}", open.repeat(depth), close.repeat(depth));
        assert_eq!(problems(&nested(MAX_DEPTH - 1)), [""; 0]);
        for depth in [MAX_DEPTH, 600, 100_000] {
            let found = problems(&nested(depth));
            assert!(
                found[0].contains("deep") || found[0].contains("depth"),
                "{open} {depth}: {}",
                found[0]
            );
        }
    }
}
