//! What serde says, without the names of Rust's types.

/// Kinds of types as serde names them, and what a client writes for one. The longer come first.
const KINDS: [(&str, &str); 8] = [
    ("struct variant ", "an object"),
    ("tuple variant ", "an array"),
    ("newtype variant ", "a value"),
    ("unit variant ", "null"),
    ("tuple struct ", "an array"),
    ("unit struct ", "null"),
    ("struct ", "an object"),
    ("enum ", "a string or an object"),
];

/// A text such as ``invalid type: integer `1`, expected struct Order`` in the words of a client.
pub(super) fn without_types(text: &str) -> String {
    let Some((before, expected)) = text.split_once("expected ") else {
        return text.to_owned();
    };
    let kind = KINDS
        .iter()
        .find_map(|(kind, instead)| Some((expected.strip_prefix(kind)?, instead)));
    let Some((named, instead)) = kind else {
        return text.to_owned();
    };
    let is_of_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | ':' | '<' | '>');
    let rest = named.trim_start_matches(is_of_name);
    format!("{before}expected {instead}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_are_left_out_and_all_else_stays() {
        for (text, expected) in [
            (
                "invalid type: integer `1`, expected struct Order at line 1 column 1",
                "invalid type: integer `1`, expected an object at line 1 column 1",
            ),
            (
                "invalid length 1, expected struct Order with 3 elements",
                "invalid length 1, expected an object with 3 elements",
            ),
            (
                "invalid type: null, expected tuple struct a::Pair",
                "invalid type: null, expected an array",
            ),
            (
                "invalid type: null, expected struct variant Kind::Large",
                "invalid type: null, expected an object",
            ),
            (
                "invalid type: integer `1`, expected enum Kind",
                "invalid type: integer `1`, expected a string or an object",
            ),
            (
                "invalid value: integer `256`, expected u8",
                "invalid value: integer `256`, expected u8",
            ),
            (
                "unknown variant `x`, expected `a` or `b`",
                "unknown variant `x`, expected `a` or `b`",
            ),
            ("missing field `count`", "missing field `count`"),
        ] {
            assert_eq!(without_types(text), expected);
        }
    }
}
