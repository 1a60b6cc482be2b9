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
        (
            "{\"a\u{a0}\":\u{b}1}",
            "a.json:1:7: this white space cannot stand between values; spaces, tabs and line breaks can",
        ),
    ] {
        assert_eq!(problems(written), [expected], "{written}");
    }
}

/// The keys that were read, and those of lists and tables that are cut.
fn read_keys(written: &str) -> (Vec<String>, Vec<String>) {
    fn collect(node: &Node, at: &KeyPath, keys: &mut Vec<String>) {
        match &node.value {
            Value::Table(table) => {
                for entry in table.iter() {
                    collect(&entry.node, &at.key(&entry.key), keys);
                }
            }
            Value::List(list) => {
                for (index, node) in list.iter().enumerate() {
                    collect(node, &at.index(index), keys);
                }
            }
            _ => keys.push(at.to_string()),
        }
    }
    let layer = read(written);
    let mut keys = Vec::new();
    collect(&layer.tree, &KeyPath::root(), &mut keys);
    (keys, layer.cut.iter().map(KeyPath::to_string).collect())
}

#[test]
fn behind_a_mistake_of_the_form_the_reading_goes_on() {
    for (written, count) in [
        ("{\"a\": 1, // x\n \"b\": [1 2,], \"c\": {\"d\": 3,},}", 5),
        ("{/* x\n\n */ \"a\": 1 \"b\": [1, 2]\n\"c\": {d: 3}}", 4),
        ("{'a': 1, \"b\": [1\n2], c: {d: 3,}}", 4),
    ] {
        let found = problems(written);
        assert_eq!(found.len(), count, "{written}: {found:?}");
        let (keys, cut) = read_keys(written);
        assert_eq!(keys, ["a", "b[0]", "b[1]", "c.d"], "{written}");
        assert_eq!(cut, [""; 0], "{written}");
    }
}

#[test]
fn what_stands_before_a_mistake_of_the_form_is_read() {
    for (written, keys, cut) in [
        (
            "{\"a\": 1, \"b\": {\"c\": [1, 2",
            &["a", "b.c[0]", "b.c[1]"][..],
            &["", "b", "b.c"][..],
        ),
        ("{\"a\": 1, \"b\": {\"c\": 5", &["a", "b.c"], &["", "b"]),
        ("{\"a\": 1, \"b\": {\"c\":", &["a"], &["", "b"]),
        ("{\"a\": 1, \"b\": \"x, y", &["a"], &[""]),
        ("{\"a\": 1, \"b\": 12x, \"c\": 1}", &["a"], &[""]),
        ("{\"a\": 1, \"b\": 01, \"c\": 1}", &["a"], &[""]),
        (
            "{\"a\": [{\"b\": 1}, {\"b\" 2}]}",
            &["a[0].b"],
            &["", "a", "a[1]"],
        ),
        (
            "{\"a\": [1, ], \"b\": [1,, 2]}",
            &["a[0]", "b[0]"],
            &["", "b"],
        ),
        ("{\"a\": \"}]\\\"\\\\\", \"b\": ]", &["a"], &[""]),
        ("{\"a\": 1} {}", &["a"], &[]),
        ("]", &[], &[""]),
        ("x", &[], &[""]),
    ] {
        assert!(!problems(written).is_empty(), "{written}");
        let read = read_keys(written);
        let read = (
            read.0.iter().map(String::as_str).collect::<Vec<_>>(),
            read.1.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        assert_eq!(read, (keys.to_vec(), cut.to_vec()), "{written}");
    }
}

#[test]
fn mistakes_of_the_form_are_passed_over_up_to_a_number() {
    let written = format!("{{\"a\": [{}0], \"b\": 1}}", "1,// x\n".repeat(100));
    let found = problems(&written);
    assert_eq!(found.len(), 20, "{found:?}");
    let (keys, cut) = read_keys(&written);
    assert_eq!((keys.len(), cut), (20, vec![String::new(), "a".to_owned()]));
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
