use super::*;
use crate::source::layer::Layer;

fn read(written: &str) -> Layer {
    parse(&SourceText::new("a.toml", written))
}

/// The problems, each in one line without its snippet.
fn problems(written: &str) -> Vec<String> {
    let problems = read(written).problems;
    let line = |problem: &Problem| problem.to_string().lines().next().unwrap_or("").to_owned();
    problems.iter().map(line).collect()
}

#[test]
fn every_kind_of_value_is_read_in_the_order_of_the_text() {
    let written = "\
b = 1_000
a = 0xFF
big = 170141183460469231731687303715884105727
f = 1e3
inf = -inf
t = \"x\\n\"
d = 1979-05-27T07:32:00Z
no = false
l = [1, { k = 2 }]
[z.y]
[[w]]
";
    let layer = read(written);
    assert_eq!(layer.problems, []);
    let table = layer.tree.as_table().expect("a table");
    let keys: Vec<&str> = table.iter().map(|entry| &*entry.key).collect();
    assert_eq!(
        keys,
        ["b", "a", "big", "f", "inf", "t", "d", "no", "l", "z", "w"]
    );
    let value = |key: &str| table.get(key).map(|node| node.value.clone());
    assert_eq!(value("b"), Some(Value::Integer(1000)));
    assert_eq!(value("a"), Some(Value::Integer(255)));
    assert_eq!(value("big"), Some(Value::Integer(i128::MAX)));
    assert_eq!(value("f"), Some(Value::Float(1000.0)));
    assert_eq!(value("inf"), Some(Value::Float(f64::NEG_INFINITY)));
    assert_eq!(value("t"), Some(Value::Text("x\n".to_owned())));
    assert_eq!(
        value("d"),
        Some(Value::Text("1979-05-27T07:32:00Z".to_owned()))
    );
    let inner = KeyPath::root().key("l").index(1).key("k");
    let node = layer.tree.get(&inner).expect("a value");
    assert_eq!(node.origin.to_string(), "a.toml:9:15");
    let header = layer.tree.get(&KeyPath::root().key("w").index(0));
    assert_eq!(
        header.map(|node| node.origin.to_string()).as_deref(),
        Some("a.toml:11:1")
    );
}

#[test]
fn an_empty_document_is_an_empty_table() {
    for written in ["", "\n", "\r\n", "# nothing\r\n"] {
        let layer = read(written);
        assert_eq!(
            (
                layer.problems.len(),
                layer.tree.as_table().is_some_and(Table::is_empty)
            ),
            (0, true)
        );
    }
}

#[test]
fn all_mistakes_are_found_in_one_reading() {
    let written = "port = \nhost = localhost\ny = 08\nx 1\nb = true false\n[a\nx = 1\n";
    let found = problems(written);
    assert_eq!(
        found,
        [
            "a.toml:1:8: a value is missing here",
            "a.toml:2:8: host: a text has to stand in quotes",
            "a.toml:3:5: y: unexpected leading zero, expected nothing",
            "a.toml:4:3: a key needs a value: `key = value`",
            "a.toml:5:5: b: a text has to stand in quotes",
            "a.toml:6:3: unclosed table, expected `]`",
        ]
    );
}

#[test]
fn a_key_written_twice_names_both_places() {
    for (written, expected) in [
        (
            "a = 1\nb = 2\na = 3\n",
            "a.toml:3:1: a: is set a second time; the first is at a.toml:1:1",
        ),
        (
            "[h]\np = 1\n\"p\" = 2\n",
            "a.toml:3:1: h.p: is set a second time; the first is at a.toml:2:1",
        ),
        (
            "[h]\n[g]\n[h]\nx = 1\n",
            "a.toml:3:2: h: is set a second time; the first is at a.toml:1:2",
        ),
        (
            "h.p = 1\nh.p = 2\n",
            "a.toml:2:3: h.p: is set a second time; the first is at a.toml:1:3",
        ),
        (
            "[[s]]\n[[s]]\nx = 1\nx = 2\n",
            "a.toml:4:1: s[1].x: is set a second time; the first is at a.toml:3:1",
        ),
        (
            "t = { a = 1, a = 2 }\n",
            "a.toml:1:14: t.a: is set a second time; the first is at a.toml:1:7",
        ),
        (
            "a = 1\na.b = 2\n",
            "a.toml:2:1: this key is set to one integer already, which takes no further parts",
        ),
        (
            "a = {}\na.b = 2\n",
            "a.toml:2:1: this key is set to one inline table already, which takes no further parts",
        ),
        (
            "[a]\nx = 1\n[[a]]\ny = 1\n",
            "a.toml:3:3: a: is set a second time; the first is at a.toml:1:2",
        ),
    ] {
        assert_eq!(problems(written), [expected], "{written}");
    }
}

#[test]
fn a_value_at_fault_is_not_in_the_tree_and_its_key_is_known() {
    let layer = read("[h]\np = 0xZZ\nq = 1\nn = nan\nl = [1, 1e999]\n");
    let keys: Vec<String> = layer.problems.iter().map(Problem::key).collect();
    assert_eq!(keys, ["h.p", "h.n", "h.l[1]"]);
    let table = layer
        .tree
        .get(&KeyPath::root().key("h"))
        .and_then(Node::as_table)
        .expect("a table");
    let keys: Vec<&str> = table.iter().map(|entry| &*entry.key).collect();
    assert_eq!(keys, ["q", "l"]);
    let list = table.get("l").map(|node| &node.value);
    let Some(Value::List(list)) = list else {
        panic!("a list: {list:?}");
    };
    let values: Vec<&Value> = list.iter().map(|node| &node.value).collect();
    assert_eq!(
        values,
        [&Value::Integer(1), &Value::Null],
        "indices stay as they are"
    );
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let nested = |depth| format!("a = {}1{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(problems(&nested(MAX_DEPTH - 1)), [""; 0]);
        for depth in [MAX_DEPTH, 100, 100_000] {
            let found = problems(&nested(depth));
            assert!(found[0].contains("deep"), "{open} {depth}: {}", found[0]);
        }
    }
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    assert!(problems(&dotted)[0].contains("deep"));
}
