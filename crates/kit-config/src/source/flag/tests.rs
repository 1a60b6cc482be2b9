use super::*;
use crate::tree::node::Node;

fn read(arguments: &[&str]) -> Layer {
    let mut flags = Flags::default();
    for argument in arguments {
        flags.set(argument);
    }
    flags.read()
}

fn problems(arguments: &[&str]) -> Vec<String> {
    let problems = read(arguments).problems;
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn a_key_is_written_as_in_toml_and_the_value_is_taken_as_it_is() {
    for (argument, key, text) in [
        ("http.addr=:8000", &["http", "addr"][..], ":8000"),
        (" http . addr = x = y", &["http", "addr"], " x = y"),
        ("token=", &["token"], ""),
        (r#""a.b"."\u00e9=\"".'c"'=1"#, &["a.b", "é=\"", "c\""], "1"),
        ("servers[0].name=é", &["servers", "0", "name"], "é"),
        ("m[1][2]=x", &["m", "1", "2"], "x"),
    ] {
        let layer = read(&[argument]);
        assert_eq!(layer.problems, [], "{argument}");
        let key: KeyPath = key
            .iter()
            .map(|key| crate::tree::key::Step::Key((*key).to_owned()))
            .collect();
        assert_eq!(
            layer.tree.get(&key).and_then(Node::as_text),
            Some(text),
            "{argument}"
        );
    }
}

#[test]
fn a_wrong_argument_says_what_is_right_and_no_value() {
    let end = "; it has to be `--set key=value`";
    for (argument, expected) in [
        ("", "flag --set : the key is empty"),
        ("=1", "flag --set : the key is empty"),
        ("a", "flag --set a: no `=` follows the key"),
        ("token:hunter2", "flag --set token: no `=` follows the key"),
        ("a..b=1", "flag --set a..b: a part of the key is empty"),
        ("a.=1", "flag --set a.: the key is empty"),
        (
            "é=1",
            "flag --set : 'é' cannot stand in a key without quotes",
        ),
        ("\"a=1", "flag --set : a quote is not closed"),
        (
            r#""\q"=1"#,
            "flag --set : what stands in quotes is no text of TOML",
        ),
        ("a[0=1", "flag --set a[0: a `[` needs its `]`"),
        (
            "a[]=1",
            "flag --set a[]: between `[` and `]` belongs the number of a value, from 0",
        ),
        (
            "a[+1]=1",
            "flag --set a[: between `[` and `]` belongs the number of a value, from 0",
        ),
        (
            "a[99999999999999999999]=1",
            "flag --set a[99999999999999999999]: between `[` and `]` belongs the number of a value, from 0",
        ),
        (
            "[0]=1",
            "flag --set [0]: '[' cannot stand in a key without quotes",
        ),
        ("a[0]b=1", "flag --set a[0]b: no `=` follows the key"),
    ] {
        assert_eq!(
            problems(&[argument]),
            [format!("{expected}{end}")],
            "{argument}"
        );
    }
}

#[test]
fn of_two_for_one_key_the_later_counts_or_else_that_of_set() {
    // The places of `--set a=1` and of `--the-a 2`, and what counts.
    for (set, flag, expected) in [
        (Some(1), Some(2), "2, flag --the-a"),
        (Some(2), Some(1), "1, flag --set a"),
        (None, Some(2), "1, flag --set a"),
        (Some(1), None, "1, flag --set a"),
        (None, None, "1, flag --set a"),
    ] {
        for is_flag_first in [false, true] {
            let mut flags = Flags::default();
            let places = set.map(|place| ("a=1".to_owned(), place));
            flags.places = places.into_iter().collect();
            if is_flag_first {
                flags.flag("a", "--the-a", "2", flag);
            }
            flags.set("a=1");
            if !is_flag_first {
                flags.flag("a", "--the-a", "2", flag);
            }
            let layer = flags.read();
            let node = layer.tree.get(&KeyPath::root().key("a")).expect("a value");
            let found = format!("{}, {}", node.as_text().unwrap_or_default(), node.origin);
            assert_eq!(found, expected, "{set:?} {flag:?}");
        }
    }
}

#[test]
fn of_two_of_one_kind_the_later_counts() {
    let mut flags = Flags::default();
    flags.set("a=1");
    flags.set("a=2");
    flags.flag("b", "--b", "1", None);
    flags.flag("b", "--the-b", "2", None);
    let tree = flags.read().tree;
    let text = |key| tree.get(&KeyPath::root().key(key)).and_then(Node::as_text);
    assert_eq!((text("a"), text("b")), (Some("2"), Some("2")));
}

#[test]
fn a_whole_and_its_part_do_not_go_together() {
    assert_eq!(
        problems(&["a={x=1}", "a.x=2"]),
        [
            "flag --set a.x: a.x: a part of `a` is set here, and the whole of it by flag --set a: one of both has to go"
        ]
    );
    assert_eq!(
        problems(&["a.x=2", "a={x=1}"]),
        [
            "flag --set a: a: the whole of it is set here, and a part of it by flag --set a.x: one of both has to go"
        ]
    );
}

#[test]
fn a_flag_for_a_wrong_key_is_a_problem_and_no_panic() {
    let mut flags = Flags::default();
    flags.flag("a b", "--ab", "1", None);
    let found = flags.read().problems;
    assert_eq!(
        found[0].to_string(),
        "flag --ab: the flag stands for \"a b\", which is no key: \" b\" is left over"
    );
    let mut flags = Flags::default();
    flags.set(&format!("{}a=1", "a.".repeat(100_000)));
    assert!(flags.read().problems[0].to_string().contains("deep"));
}
