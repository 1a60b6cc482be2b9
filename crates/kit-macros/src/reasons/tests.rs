//! Mistakes: what is said of them, and where.

use std::str::FromStr as _;

use super::*;

/// The mistakes in an enum, each with line, column and text.
fn mistakes(source: &str) -> Vec<(usize, usize, String)> {
    let tokens = TokenStream::from_str(source).expect("tokens");
    let input = syn::parse2(tokens).expect("an item");
    let error = expand(&input, "::kit").expect_err("a mistake");
    let one = |error: Error| {
        let start = error.span().start();
        (start.line, start.column, error.to_string())
    };
    error.into_iter().map(one).collect()
}

#[test]
fn each_mistake_is_named_at_its_place() {
    for (source, line, column, text) in [
        (
            "struct Order;",
            1,
            7,
            "only an enum can be derived `Reasons`: each of its variants is one",
        ),
        (
            "enum Order<T> { A { t: T } }",
            1,
            10,
            "an enum of reasons has no generics: its fields travel as text",
        ),
        (
            "enum Order {\n  Late,\n}",
            2,
            2,
            "`Late` has no code: `#[reason(code = 404)]` gives it one",
        ),
        (
            "enum Order {\n  #[reason(code = 200)]\n  Late,\n}",
            2,
            18,
            "a code is the status of an error, 400 to 599, and not 200",
        ),
        (
            "enum Order {\n  #[reason(code = 70000)]\n  Late,\n}",
            2,
            18,
            "a code is the status of an error, 400 to 599, and not 70000",
        ),
        (
            "enum Order {\n  #[reason(code = \"404\")]\n  Late,\n}",
            2,
            18,
            "expected integer literal",
        ),
        (
            "enum Order {\n  #[reason(cod = 404)]\n  Late,\n}",
            2,
            11,
            "unknown key: here stand `code`, `message`, `reason`",
        ),
        (
            "#[reason(message = \"m\")]\nenum Order {}",
            1,
            9,
            "unknown key: here stand `code`, `crate`",
        ),
        (
            "enum Order {\n  #[reason(code = 404)]\n  #[reason(code = 405)]\n  Late,\n}",
            3,
            11,
            "`code` stands here twice",
        ),
        (
            "enum Order {\n  #[reason(code = 404, reason = \"TOO LATE\")]\n  Late,\n}",
            2,
            32,
            "a reason has 1 to 63 characters of A-Z, a-z, 0-9, `_`, `-` and `.`",
        ),
        (
            "enum Order {\n  #[reason(code = 404)]\n  Late(u64),\n}",
            3,
            6,
            "a field needs a name, which is the key of its metadata: `{ id: u64 }`",
        ),
        (
            "enum Order {\n  #[reason(code = 404)]\n  Late {\n    #[reason(skip)]\n    id: u64 },\n}",
            4,
            4,
            "a field has no options: its name is the key of its metadata",
        ),
        (
            "#[reason(code = 404)] enum Order {\n  Late,\n  #[reason(reason = \"LATE\")]\n  Later,\n}",
            3,
            20,
            "the reason `LATE` is that of `Late`: by it a client tells them apart",
        ),
    ] {
        let expected = vec![(line, column, text.to_owned())];
        assert_eq!(mistakes(source), expected, "{source}");
    }
}

#[test]
fn all_mistakes_are_named_at_once() {
    let source = "enum Order {\n  A(u8),\n  #[reason(code = 1)]\n  B,\n  C,\n}";
    let lines: Vec<_> = mistakes(source)
        .into_iter()
        .map(|(line, ..)| line)
        .collect();
    assert_eq!(lines, [2, 2, 3, 5]);
}
