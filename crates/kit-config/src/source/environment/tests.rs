use super::*;
use std::collections::BTreeMap;

#[derive(schemars::JsonSchema)]
#[allow(dead_code, reason = "the schema is read, not the values")]
struct Settings {
    name: String,
    http: Http,
    servers: Vec<Server>,
    labels: BTreeMap<String, String>,
    #[schemars(extend("was" = "db"))]
    database: Http,
}

#[derive(schemars::JsonSchema)]
#[allow(dead_code, reason = "the schema is read, not the values")]
struct Http {
    #[schemars(rename = "max-size")]
    max_size: u64,
    port: u16,
    #[schemars(extend("was" = "/old.wait"))]
    timeout: String,
}

#[derive(schemars::JsonSchema)]
#[allow(dead_code, reason = "the schema is read, not the values")]
struct Server {
    addr: String,
}

fn layer(variables: &[(&str, &str)]) -> Layer {
    let owned = variables
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    read("ORDERS", owned, &Shape::of::<Settings>())
}

fn problems(variables: &[(&str, &str)]) -> Vec<String> {
    layer(variables)
        .problems
        .iter()
        .map(Problem::to_string)
        .collect()
}

#[cfg(not(windows))]
#[test]
fn a_prefix_in_another_case_is_a_problem() {
    let variables = [
        ("ORDERS__HTTP__PORT", "1"),
        ("Orders__http__port", "2"),
        ("orders__name", "x"),
        ("orders_name", "x"),
        ("other__name", "x"),
    ];
    let problem = |name: &str, meant: &str| {
        format!(
            "variable {name}: the case of the prefix counts, so that this variable is none of these \
             settings; did you mean `{meant}`?"
        )
    };
    let expected = [
        problem("Orders__http__port", "ORDERS__http__port"),
        problem("orders__name", "ORDERS__name"),
    ];
    assert_eq!(problems(&variables), expected);
}

#[test]
fn a_name_stands_for_the_key_that_the_settings_have() {
    for (name, key) in [
        ("ORDERS__NAME", &["name"][..]),
        ("ORDERS__name", &["name"]),
        ("ORDERS__HTTP__MAX_SIZE", &["http", "max-size"]),
        ("ORDERS__SERVERS__0__ADDR", &["servers", "0", "addr"]),
        ("ORDERS__LABELS__TEAM_A", &["labels", "team_a"]),
        ("ORDERS__LABELS__teamA", &["labels", "teamA"]),
        ("ORDERS__DB__PORT", &["db", "port"]),
        ("ORDERS__OLD__WAIT", &["old", "wait"]),
    ] {
        let layer = layer(&[(name, "x")]);
        assert_eq!(layer.problems, [], "{name}");
        let key: KeyPath = key
            .iter()
            .map(|key| crate::tree::key::Step::Key((*key).to_owned()))
            .collect();
        let node = layer.tree.get(&key).expect(name);
        assert_eq!(
            (node.as_text(), node.origin.to_string()),
            (Some("x"), format!("variable {name}"))
        );
    }
}

#[test]
fn other_variables_and_empty_ones_set_nothing() {
    let found = layer(&[
        ("ORDERS_SERVICE_HOST", "10.0.0.1"),
        ("ORDERS__NAME", ""),
        ("PATH", "/bin"),
    ]);
    assert_eq!(found.problems, []);
    assert!(
        found
            .tree
            .as_table()
            .is_some_and(crate::tree::node::Table::is_empty)
    );
}

#[test]
fn an_unknown_name_is_a_problem_with_the_nearest_one() {
    for (name, expected) in [
        (
            "ORDERS__HTPP__PORT",
            "htpp: there is no such setting; did you mean `ORDERS__HTTP__PORT`?",
        ),
        (
            "ORDERS__HTTP__PROT",
            "http.prot: there is no such setting; did you mean `ORDERS__HTTP__PORT`?",
        ),
        (
            "ORDERS__HTTP_MAX_SIZE",
            "http_max_size: there is no such setting; did you mean `ORDERS__HTTP__MAX_SIZE`?",
        ),
        (
            "ORDERS__SERVERS__FIRST__ADDR",
            "servers.first: there is no such setting",
        ),
        (
            "ORDERS__SERVERS__0__ADR",
            "servers[0].adr: there is no such setting; did you mean `ORDERS__SERVERS__0__ADDR`?",
        ),
        (
            "ORDERS__NAME__FIRST",
            "name: `name` is a text, which has no parts",
        ),
        ("ORDERS__HTTP__", "http: a part of its name is empty"),
        ("ORDERS__", "a part of its name is empty"),
        ("ORDERS__XYZZY", "xyzzy: there is no such setting"),
    ] {
        for value in ["x", ""] {
            assert_eq!(
                problems(&[(name, value)]),
                [format!("variable {name}: {expected}")]
            );
        }
    }
}

#[test]
fn a_whole_and_its_part_do_not_go_together_in_any_order() {
    let found = problems(&[
        ("ORDERS__HTTP__PORT", "1"),
        ("ORDERS__HTTP", "{}"),
        ("ORDERS__http__port", "2"),
        ("ORDERS__NAME", "a"),
        ("ORDERS__name", "b"),
    ]);
    let both = "a part of `http` is set here, and the whole of it by variable ORDERS__HTTP: one of both has to go";
    assert_eq!(
        found,
        [
            format!("variable ORDERS__HTTP__PORT: http.port: {both}"),
            format!("variable ORDERS__http__port: http.port: {both}"),
            "variable ORDERS__name: name: is set a second time; the first is at variable ORDERS__NAME".to_owned(),
        ]
    );
}

#[cfg(unix)]
#[test]
fn what_is_not_utf_8_is_a_problem_that_shows_no_value() {
    use std::os::unix::ffi::OsStringExt;
    let bad = |text: &[u8]| OsString::from_vec(text.to_vec());
    let variables = [
        (bad(b"ORDERS__NAME"), bad(b"secret\xff")),
        (bad(b"ORDERS__\xff"), bad(b"x")),
        (bad(b"\xff"), bad(b"\xff")),
    ];
    let found = read("ORDERS", variables, &Shape::of::<Settings>()).problems;
    let found: Vec<String> = found.iter().map(Problem::to_string).collect();
    assert_eq!(
        found,
        [
            "variable ORDERS__NAME: name: its value is not UTF-8",
            "variable ORDERS__\u{fffd}: its name is not UTF-8"
        ]
    );
}

#[test]
fn a_wrong_prefix_is_a_problem() {
    for prefix in ["", "A-B"] {
        let found = read(prefix, [], &Shape::of::<Settings>()).problems;
        assert!(
            found[0].to_string().contains("is no prefix of variables"),
            "{}",
            found[0]
        );
    }
}
