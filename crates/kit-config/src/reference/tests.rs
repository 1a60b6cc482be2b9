use std::ffi::OsString;
use std::fs;

use super::resolver::Resolved;
use super::*;
use crate::testing::{node, tree, tree_in};
use crate::tree::key::KeyPath;

fn key(text: &str) -> KeyPath {
    super::key::parse(text).expect("a key")
}

fn variables() -> Variables {
    let all = [
        ("DB_PASSWORD", "hunter2"),
        ("PORT", "8000"),
        ("EMPTY", ""),
        ("TRICK", "${DB_PASSWORD}"),
        ("lower", "small"),
    ];
    all.into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// Settings whose last key is `secret` are secrets.
fn resolved(source: &Node) -> Resolved {
    let variables = variables();
    let before = source.clone();
    let resolved = resolve(
        source,
        &Surroundings {
            variables: &variables,
            hides: &|key| Hides {
                is_secret: key.to_string().ends_with("secret"),
                is_url: key.to_string().ends_with("url"),
            },
        },
    );
    assert_eq!(source, &before, "the source is left as it is");
    resolved
}

/// The value of `a`, of a tree in which nothing is wrong.
fn value_of(json: &str) -> Node {
    let resolved = resolved(&tree(json));
    assert_eq!(resolved.problems, []);
    assert_eq!(resolved.failed, []);
    resolved.tree.get(&key("a")).expect("a value").clone()
}

fn text_of(json: &str) -> String {
    value_of(json).as_text().expect("a text").to_owned()
}

/// The key and the message of each problem.
fn problems_of(json: &str) -> Vec<String> {
    let resolved = resolved(&tree(json));
    let line = |problem: &crate::Problem| format!("{}: {}", problem.key, problem.what);
    resolved.problems.iter().map(line).collect()
}

#[test]
fn what_is_written_and_what_it_becomes() {
    for (written, expected) in [
        ("${PORT}", "8000"),
        ("${env:PORT}", "8000"),
        ("${lower}", "small"),
        ("${env:lower:large}", "small"),
        ("${PORT:9}", "8000"),
        ("${NONE:9}", "9"),
        ("${env:none:9}", "9"),
        ("${NONE:}", ""),
        ("${EMPTY:9}", "9"),
        ("${NONE:a:b}", "a:b"),
        ("${NONE:${EMPTY:${PORT}}!}", "8000!"),
        ("${NONE:{\"x\": {}}}", "{\"x\": {}}"),
        ("${NONE:$${x}}", "${x}"),
        (
            "http://${NONE:localhost}:${PORT}/x",
            "http://localhost:8000/x",
        ),
        ("${key:b}", "eight"),
        (
            "<${key:b}-${key:n}-${key:yes}-${key:list[1].x}>",
            "<eight-8-true-y>",
        ),
        ("${key:\"odd.key\"}", "odd"),
        ("$${PORT}", "${PORT}"),
        ("$$${PORT}", "$8000"),
        ("$$$${PORT}", "$${PORT}"),
        ("$${", "${"),
        ("$ $$ $x {} }", "$ $$ $x {} }"),
        ("${TRICK}", "${DB_PASSWORD}"),
    ] {
        let json = serde_json::json!({
            "a": written, "b": "eight", "n": 8, "yes": true, "odd.key": "odd",
            "list": ["x", {"x": "y"}],
        });
        assert_eq!(text_of(&json.to_string()), expected, "{written}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (written, expected) in [
        (
            "${PORT",
            "a reference that begins with `${` has no `}`; the text `${` is written `$${`",
        ),
        (
            "${NONE:{}",
            "a reference that begins with `${` has no `}`; the text `${` is written `$${`",
        ),
        (
            "${}",
            "a reference names nothing; write ${VARIABLE}, ${VARIABLE:default}, ${file:/path} or \
             ${key:another.setting}",
        ),
        (
            "${file}",
            "a reference names nothing; write ${VARIABLE}, ${VARIABLE:default}, ${file:/path} or \
             ${key:another.setting}",
        ),
        (
            "${flie:/run/secrets/x}",
            "`${flie:` is no kind of reference: there are `${file:`, `${key:` and `${env:`, and a \
             variable with a default is `${env:flie:…}`",
        ),
        (
            "${http.addr}",
            "`http.addr` is not the name of a variable, which has letters, digits and `_`; another \
             setting is `${key:http.addr}`",
        ),
        (
            "${1A}",
            "`1A` is not the name of a variable, which has letters, digits and `_`; another setting is \
             `${key:1A}`",
        ),
        (
            "${key:}",
            "`` is not the key of a setting, such as `http.addr` or `servers[0].name`",
        ),
        (
            "${DB_PASWORD}",
            "the variable DB_PASWORD is not set; did you mean DB_PASSWORD?",
        ),
        (
            "${NONE}",
            "the variable NONE is not set; `${NONE:…}` would have a default",
        ),
        (
            "${EMPTY}",
            "the variable EMPTY is empty; `${EMPTY:…}` would have a default",
        ),
        (
            "${key:http.adr}",
            "the setting `http.adr` that is referred to has no value; did you mean `http.addr`?",
        ),
        ("${key:a.b}", "references go in a circle: a -> a"),
        (
            "x${key:http}",
            "`${key:http}` is a table, which cannot stand inside of a text",
        ),
        (
            "x${key:list}",
            "`${key:list}` is a list, which cannot stand inside of a text",
        ),
        (
            "x${key:none}",
            "`${key:none}` is nothing, which cannot stand inside of a text",
        ),
        (
            "${file:none.txt}",
            "cannot read the file config/none.txt: there is no directory config",
        ),
        (
            "${file:${DB_PASSWORD}}",
            "cannot read the file config/${DB_PASSWORD}: there is no such file",
        ),
        ("${file:/proc/self}", "/proc/self is not a regular file"),
        ("${file:/dev/zero}", "/dev/zero is not a regular file"),
    ] {
        let json = serde_json::json!({"a": written, "http": {"addr": 1}, "list": [], "none": null});
        let expected = format!("a: {expected}");
        assert_eq!(problems_of(&json.to_string()), [expected], "{written}");
    }
}

#[test]
fn a_whole_value_keeps_its_type_and_a_variable_has_none() {
    let target = r#"{"t": {"x": "${PORT}", "y": null}}"#;
    assert_eq!(
        value_of(r#"{"a": "${key:n}", "n": 8}"#).value,
        Value::Integer(8)
    );
    assert_eq!(
        value_of(r#"{"a": "${NONE:${key:n}}", "n": 8}"#).value,
        Value::Integer(8)
    );
    for untyped in ["${PORT}", "80${NONE:00}", "${NONE:8000}", "${key:p}"] {
        let node = value_of(&format!(r#"{{"a": "{untyped}", "p": "${{PORT}}"}}"#));
        assert_eq!(node.as_text(), Some("8000"));
        assert!(node.origin.is_untyped(), "{untyped}");
    }
    assert!(!value_of(r#"{"a": "$${x}"}"#).origin.is_untyped());
    let table = value_of(&format!(r#"{{"a": "${{key:b.t}}", "b": {target}}}"#));
    let inner = table.get(&key("x")).expect("a value");
    assert_eq!(inner.as_text(), Some("8000"));
    assert!(inner.origin.is_untyped() && !table.origin.is_untyped());
    assert_eq!(table.get(&key("y")).expect("a value").value, Value::Null);
}

#[test]
fn a_part_of_what_a_reference_brings_can_be_referred_to() {
    let json = r#"{"a": "${key:b.x[1]}", "b": "${key:c}", "c": {"x": [1, 2]}}"#;
    assert_eq!(value_of(json).value, Value::Integer(2));
    let json = r#"{"a": "${key:b.y}", "b": "${key:c}", "c": {"x": [1, 2]}}"#;
    let expected = "a: the setting `b.y` that is referred to has no value";
    assert!(
        problems_of(json)[0].starts_with(expected),
        "{:?}",
        problems_of(json)
    );
}

#[test]
fn the_origin_is_the_place_of_the_reference_and_what_it_names() {
    for (written, from) in [
        ("${PORT}", "${PORT}"),
        ("${NONE:s3cr3t}", "the default of ${NONE}"),
        (
            "x${PORT}${NONE:${key:b}}",
            "${PORT}, the default of ${NONE}, ${key:b}",
        ),
    ] {
        let node = value_of(&format!(r#"{{"a": "{written}", "b": 1}}"#));
        assert_eq!(
            node.origin.to_string(),
            format!("config/orders.json:1:1, from {from}")
        );
    }
    let table = value_of(r#"{"a": "${key:b}", "b": {"c": ["x"]}}"#);
    let inner = table.get(&key("c[0]")).expect("a value");
    assert_eq!(
        inner.origin.to_string(),
        "config/orders.json:1:1, from ${key:b}"
    );
    let source = tree(r#"{"a": "$${x}", "b": 1}"#);
    let plain = resolved(&source).tree;
    assert_eq!(plain.get(&key("a")).expect("a").origin, source.origin);
}

#[test]
fn circles_are_shown_whole_and_once() {
    let json = r#"{"a": "${key:b}", "b": "x${key:c.d}", "c": {"d": "${NONE:${key:a}}"}, "e": "${key:a}", "f": 1}"#;
    assert_eq!(
        problems_of(json),
        ["a: references go in a circle: a -> b -> c.d -> a"]
    );
    let resolved = resolved(&tree(json));
    let failed: Vec<_> = resolved.failed.iter().map(KeyPath::to_string).collect();
    assert_eq!(failed, ["a", "b", "c.d", "e"]);
    assert!(resolved.tree.get(&key("a")).is_none());
    assert!(resolved.tree.get(&key("f")).is_some());
    let within = problems_of(r#"{"a": {"b": ["${key:a}"]}, "c": 1}"#);
    assert_eq!(
        within,
        ["a.b[0]: references go in a circle: a.b[0] -> a.b[0]"]
    );
}

#[test]
fn each_wrong_reference_is_found_and_the_rest_is_resolved() {
    let json =
        r#"{"a": "${NONE}", "b": ["${PORT}", "${NONE}"], "c": {"d": "${key:x}", "e": "${PORT}"}}"#;
    let problems = problems_of(json);
    assert_eq!(problems.len(), 3, "{problems:?}");
    let resolved = resolved(&tree(json));
    let failed: Vec<_> = resolved.failed.iter().map(KeyPath::to_string).collect();
    assert_eq!(failed, ["a", "b[1]", "c.d"]);
    let rest = resolved.tree.get(&key("c.e")).and_then(Node::as_text);
    assert_eq!(rest, Some("8000"));
}

#[test]
fn nothing_of_a_variable_or_a_setting_is_in_a_message() {
    let json = r#"{"a": "${DB_PASSWORT}", "b": "${file:${DB_PASSWORD}/x}", "c": "x${key:${DB_PASSWORD}}", "d": "${key:sekret}", "secret": "hunter2"}"#;
    let problems = problems_of(json);
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(!problems.concat().contains("hunter2"), "{problems:?}");
}

#[test]
fn what_comes_from_a_secret_or_a_file_is_hidden() {
    for (written, is_hidden) in [
        ("${key:b.secret}", true),
        ("postgres://u:${key:b.secret}@h/db", true),
        ("${NONE:${key:b.secret}}", true),
        ("${key:c}", true),
        ("${key:b.open}", false),
        ("${key:b}", false),
        ("${PORT}", false),
    ] {
        let node = value_of(&format!(
            r#"{{"a": "{written}", "b": {{"secret": "s", "open": "o"}}, "c": "${{key:b.secret}}"}}"#
        ));
        assert_eq!(node.origin.is_hidden(), is_hidden, "{written}");
        if let Some(secret) = node.get(&key("secret")) {
            assert!(secret.origin.is_hidden());
            assert!(!node.get(&key("open")).expect("o").origin.is_hidden());
        }
    }
}

#[test]
fn what_comes_from_a_url_hides_what_a_url_hides() {
    for (written, is_url) in [
        ("${key:b.url}", true),
        ("see ${key:b.url}", true),
        ("${NONE:${key:b.url}}", true),
        ("${key:c}", true),
        ("${key:b.open}", false),
        ("${key:b}", false),
    ] {
        let node = value_of(&format!(
            r#"{{"a": "{written}", "b": {{"url": "s", "open": "o"}}, "c": "${{key:b.url}}"}}"#
        ));
        let marks = (node.origin.is_url(), node.origin.is_hidden());
        assert_eq!(marks, (is_url, false), "{written}");
        if let Some(url) = node.get(&key("url")) {
            assert!(url.origin.is_url());
            assert!(!node.get(&key("open")).expect("o").origin.is_url());
        }
    }
}

#[test]
fn only_files_and_remote_stores_have_references() {
    let json = serde_json::json!("${PORT}");
    for origin in [
        Origin::Default,
        Origin::Variable("A".into()),
        Origin::Flag("--set a".into()),
    ] {
        let mut root = Node::empty(Origin::Default);
        root.insert(&key("a"), node(&json, &origin))
            .expect("a place");
        let resolved = resolved(&root);
        assert_eq!(resolved.tree, root);
    }
    let mut root = Node::empty(Origin::Default);
    root.insert(
        &key("a"),
        node(&json, &Origin::Remote("etcd key /a".into())),
    )
    .expect("a place");
    let tree = resolved(&root).tree;
    assert_eq!(tree.get(&key("a")).and_then(Node::as_text), Some("8000"));
}

#[test]
fn files_are_read_from_the_folder_of_the_file_that_names_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("orders.toml");
    let config = config.to_str().expect("UTF-8");
    for (name, bytes, expected) in [
        ("unix", b"p\n".as_slice(), "p"),
        ("dos", b"p\r\n", "p"),
        ("bare", b"p", "p"),
        ("two", b"p\n\n", "p\n"),
        ("trick", b"${PORT}", "${PORT}"),
    ] {
        fs::write(folder.path().join(name), bytes).expect("a file");
        let source = tree_in(config, &format!(r#"{{"a": "${{file:{name}}}"}}"#));
        let resolved = resolved(&source);
        assert_eq!(resolved.problems, []);
        let node = resolved.tree.get(&key("a")).expect("a value");
        assert_eq!(node.as_text(), Some(expected), "{name}");
        assert!(node.origin.is_hidden() && node.origin.is_untyped());
        assert_eq!(
            node.origin.to_string(),
            format!("{config}:1:1, from ${{file:{name}}}")
        );
        assert_eq!(resolved.files, [folder.path().join(name)]);
    }
    fs::write(folder.path().join("latin"), b"caf\xe9").expect("a file");
    fs::write(folder.path().join("large"), vec![b'a'; 1024 * 1024 + 1]).expect("a file");
    fs::write(folder.path().join("empty"), b"").expect("a file");
    fs::write(folder.path().join("newline"), b"\r\n").expect("a file");
    fs::write(folder.path().join("full"), vec![b'a'; 1024 * 1024]).expect("a file");
    for (name, expected) in [
        ("latin", Some(" is not UTF-8 after its byte 3")),
        ("large", Some(" is larger than 1 MiB, which no setting is")),
        ("empty", Some("empty is empty")),
        ("newline", Some("newline is empty")),
        ("full", None),
    ] {
        let source = tree_in(config, &format!(r#"{{"a": "${{file:{name}}}"}}"#));
        let resolved = resolved(&source);
        let said: Vec<_> = resolved
            .problems
            .iter()
            .map(|problem| problem.what.to_string())
            .collect();
        match expected {
            None => assert!(said.is_empty(), "{said:?}"),
            Some(end) => assert!(said.len() == 1 && said[0].ends_with(end), "{said:?}"),
        }
    }
}

#[test]
fn a_changed_file_is_read_anew_from_the_same_tree() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x");
    let source =
        tree(&serde_json::json!({"a": format!("${{file:{}}}", file.display())}).to_string());
    for text in ["one", "two"] {
        fs::write(&file, text).expect("a file");
        let tree = resolved(&source).tree;
        assert_eq!(tree.get(&key("a")).and_then(Node::as_text), Some(text));
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;

    let variables: Variables = [(
        OsString::from("BYTES"),
        OsString::from_vec(b"ab\xff".to_vec()),
    )]
    .into_iter()
    .collect();
    let surroundings = Surroundings {
        variables: &variables,
        hides: &|_| Hides::default(),
    };
    let resolved = resolve(&tree(r#"{"a": "${BYTES}"}"#), &surroundings);
    let said = resolved.problems[0].what.to_string();
    assert_eq!(said, "the variable BYTES is not UTF-8 after its byte 2");
}

#[test]
fn no_file_exhausts_the_memory_or_the_stack() {
    let mut bomb = serde_json::Map::new();
    for level in 0..40 {
        let reference = format!("${{key:k{}}}", level + 1);
        bomb.insert(format!("k{level}"), serde_json::json!(reference.repeat(10)));
    }
    bomb.insert("k40".to_owned(), serde_json::json!("x"));
    let said = problems_of(&serde_json::Value::Object(bomb).to_string());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].ends_with("all that references bring is larger than 16 MiB"),
        "{said:?}"
    );

    let mut lists = serde_json::Map::new();
    for level in 0..40 {
        let reference = format!("${{key:k{}}}", level + 1);
        lists.insert(
            format!("k{level}"),
            serde_json::json!([reference, reference, reference]),
        );
    }
    lists.insert("k40".to_owned(), serde_json::json!(1));
    let said = problems_of(&serde_json::Value::Object(lists).to_string());
    assert!(!said.is_empty());

    let mut chain = serde_json::Map::new();
    for level in 0..10_000 {
        chain.insert(
            format!("k{level:05}"),
            serde_json::json!(format!("${{key:k{:05}}}", level + 1)),
        );
    }
    chain.insert("k10000".to_owned(), serde_json::json!("x"));
    let said = problems_of(&serde_json::Value::Object(chain).to_string());
    assert!(
        said[0].ends_with("more than 64 settings refer to each other in a chain"),
        "{said:?}"
    );

    let mut deep = serde_json::Map::new();
    for level in 0..50 {
        deep.insert(
            format!("k{level}"),
            serde_json::json!([[format!("${{key:k{}}}", level + 1)]]),
        );
    }
    deep.insert("k50".to_owned(), serde_json::json!("x"));
    let said = problems_of(&serde_json::Value::Object(deep).to_string());
    assert!(
        said[0].ends_with("references bring more than 64 tables or lists in each other"),
        "{said:?}"
    );

    let nested = format!("{}x{}", "${A:".repeat(100_000), "}".repeat(100_000));
    let said = problems_of(&serde_json::json!({"a": nested}).to_string());
    assert_eq!(said, ["a: more than 16 references stand in each other"]);
}

#[test]
fn an_escaped_text_is_read_as_itself() {
    for text in [
        "", "$", "${", "$${", "$$${x}", "a{b}$c", "${PORT}", "{${", "$ {",
    ] {
        let json = serde_json::json!({"a": escape(text)});
        assert_eq!(text_of(&json.to_string()), text, "{text}");
    }
}

#[test]
fn each_fault_of_a_list_and_of_a_text_is_said() {
    let json = serde_json::json!({
        "a": ["${A}", "${PORT}", "${B}", {"x": "${}"}],
        "b": "${A}-${PORT}-${B}-${A}",
        "c": "${A}${}${flie:x}${",
        "d": "<${key:a}>",
        "e": "${NONE:${A}${B}}",
    });
    let resolved = resolved(&tree(&json.to_string()));
    let said: Vec<_> = resolved.problems.iter().map(ToString::to_string).collect();
    let said: Vec<_> = said.iter().filter_map(|text| text.lines().next()).collect();
    let a = "the variable A is not set; `${A:…}` would have a default";
    let b = "the variable B is not set; `${B:…}` would have a default";
    let nothing = "a reference names nothing; write ${VARIABLE}, ${VARIABLE:default}, ${file:/path} or \
                   ${key:another.setting}";
    let kind = "`${flie:` is no kind of reference: there are `${file:`, `${key:` and `${env:`, and a \
                variable with a default is `${env:flie:…}`";
    let open = "a reference that begins with `${` has no `}`; the text `${` is written `$${`";
    assert_eq!(
        said,
        [
            format!("config/orders.json:1:1: a[0]: {a}"),
            format!("config/orders.json:1:1: a[2]: {b}"),
            format!("config/orders.json:1:1: a[3].x: {nothing}"),
            format!("config/orders.json:1:1: b: {a}; and {b}"),
            format!("config/orders.json:1:1: c: {nothing}; and {kind}; and {open}; and {a}"),
            format!("config/orders.json:1:1: e: {a}; and {b}"),
        ]
    );
    let failed: Vec<_> = resolved.failed.iter().map(ToString::to_string).collect();
    assert_eq!(failed, ["a[0]", "a[2]", "a[3].x", "b", "c", "d", "e"]);
    let kept = resolved.tree.get(&key("a[1]")).and_then(Node::as_text);
    assert_eq!(kept, Some("8000"), "the others keep their indices");
}
