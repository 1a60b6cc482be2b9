//! The key of another setting, as a reference names it.

use crate::tree::key::{KeyPath, Step};

/// Reads a key in the form in which messages write it: `http.addr`, `servers[0].name`, `"a.b".c`.
pub(super) fn parse(text: &str) -> Option<KeyPath> {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        if let Some(indexed) = rest.strip_prefix('[') {
            let (index, after) = indexed.split_once(']')?;
            let is_number = !index.is_empty() && index.chars().all(|c| c.is_ascii_digit());
            steps.push(Step::Index(is_number.then(|| index.parse().ok())??));
            rest = after;
        } else {
            let (key, after) = first_key(rest)?;
            steps.push(Step::Key(key));
            rest = after;
        }
        if rest.is_empty() {
            return Some(steps.into_iter().collect());
        }
        if !rest.starts_with('[') {
            rest = rest.strip_prefix('.')?;
        }
    }
}

fn first_key(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = text.find(|c| !is_bare(c)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut key = String::new();
    let mut chars = quoted.char_indices();
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return Some((key, &quoted[place + 1..])),
            '\\' => key.push(chars.next()?.1),
            c => key.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for key in [
            "a",
            "http.addr",
            "servers[0].name",
            r#""a.b".c"#,
            r#"a."\"\\""#,
            "a[1][2]",
        ] {
            assert_eq!(parse(key).expect(key).to_string(), key);
        }
    }

    #[test]
    fn all_else_is_no_key() {
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[",
            "a[x]",
            "a[]",
            "a[-1]",
            "a[+1]",
            "a b",
            "\"a",
            "a\"",
            "a[0]b",
            "a[99999999999999999999]",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
