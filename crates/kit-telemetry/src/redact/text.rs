//! Values of keys inside a text, such as that of a `Debug`.

/// In place of a value.
pub(crate) const REDACTED: &str = "[redacted]";

/// Replaces the value after each key that `is_secret` says so of; `None` when there is none.
///
/// A key is a word before `:` or `=`, in quotes or not; `::` is none. Its value is a text in quotes, all that
/// a bracket encloses (`Some("…")`, `Token { … }`), or a word up to a space or a delimiter; after `Bearer` and
/// `Basic` the next word belongs to it. A value without its closing quote or bracket goes to the end.
pub(super) fn redact_in(text: &str, is_secret: impl Fn(&str) -> bool) -> Option<String> {
    let mut redacted: Option<String> = None;
    // Where the part begins that was not copied.
    let mut begun = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find([':', '=']) {
        let at = from + found;
        from = at + 1;
        if text[from..].starts_with(':') {
            // A path of Rust.
            from += 1;
            continue;
        }
        if !is_secret(key_before(&text[begun..at])) {
            continue;
        }
        let rest = &text[from..];
        let space = rest.len() - rest.trim_start_matches(' ').len();
        let value = from + space;
        let end = value + value_length(&text[value..]);
        if end == value {
            continue;
        }
        let out = redacted.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(&text[begun..value]);
        out.push_str(REDACTED);
        begun = end;
        from = end;
    }
    let mut redacted = redacted?;
    redacted.push_str(&text[begun..]);
    Some(redacted)
}

/// The word at the end of a text, without quotes around it.
fn key_before(text: &str) -> &str {
    let text = text.trim_end();
    let text = text.strip_suffix('\\').unwrap_or(text);
    let text = text.strip_suffix(['"', '\'']).unwrap_or(text);
    let text = text.strip_suffix('\\').unwrap_or(text);
    let is_part = |character: char| character.is_alphanumeric() || "_-.".contains(character);
    let word = text.trim_end_matches(is_part);
    &text[word.len()..]
}

/// How many bytes of the text are the value that begins it.
fn value_length(text: &str) -> usize {
    let word_end = |text: &str| {
        let is_end =
            |character: char| character.is_whitespace() || ",;&)]}(\"'[{".contains(character);
        text.find(is_end).unwrap_or(text.len())
    };
    let quotes = ["\\\"", "\"", "'"];
    if let Some(quote) = quotes.into_iter().find(|quote| text.starts_with(quote)) {
        return quoted_length(text, quote);
    }
    let word = word_end(text);
    let rest = &text[word..];
    if rest.starts_with(['(', '[', '{']) {
        return word + enclosed_length(rest);
    }
    let inner = rest.trim_start_matches(' ');
    let space = rest.len() - inner.len();
    if space > 0 && inner.starts_with('{') {
        // `Token { … }`.
        return word + space + enclosed_length(inner);
    }
    let scheme = text[..word].to_ascii_lowercase();
    if space > 0 && (scheme == "bearer" || scheme == "basic") {
        return word + space + word_end(inner);
    }
    word
}

/// The length of a text in quotes, with them.
fn quoted_length(text: &str, quote: &str) -> usize {
    if quote.len() > 1 {
        // In a text that was quoted itself.
        let end = text[quote.len()..].find(quote);
        return end.map_or(text.len(), |end| end + 2 * quote.len());
    }
    let mut is_escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            character if quote.starts_with(character) => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of what a bracket encloses, with it; brackets inside texts do not count.
fn enclosed_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut from = 0;
    while let Some(found) = text[from..].find(['(', ')', '[', ']', '{', '}', '"']) {
        let at = from + found;
        match text.as_bytes()[at] {
            b'"' => {
                from = at + quoted_length(&text[at..], "\"");
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            _ => depth -= 1,
        }
        from = at + 1;
        if depth == 0 {
            return from;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::Redaction;

    #[test]
    fn values_of_secret_keys_are_replaced_wherever_they_stand() {
        let redaction = Redaction::new(&[]);
        for (text, expected) in [
            ("no secret: here", "no secret: [redacted]"),
            ("a secretary: none", "a secretary: none"),
            (
                r#"Login { name: "kit", password: "a \" b", age: 3 }"#,
                r#"Login { name: "kit", password: [redacted], age: 3 }"#,
            ),
            (
                r#"Db { url: "x", auth: Auth { token: Some("t(") }, n: 1 }"#,
                r#"Db { url: "x", auth: Auth { token: [redacted] }, n: 1 }"#,
            ),
            (
                r#"S { secret: Secret { bytes: [1, 2], s: "}" }, n: 1 }"#,
                r#"S { secret: [redacted], n: 1 }"#,
            ),
            (
                r#"{"authorization": "Bearer abc", "host": "kit"}"#,
                r#"{"authorization": [redacted], "host": "kit"}"#,
            ),
            (
                "Authorization: Bearer abc, Host: kit",
                "Authorization: [redacted], Host: kit",
            ),
            (
                "GET /a?token=abc&page=2 HTTP/1.1",
                "GET /a?token=[redacted]&page=2 HTTP/1.1",
            ),
            (
                r#"body {\"api_key\":\"abc\",\"n\":1}"#,
                r#"body {\"api_key\":[redacted],\"n\":1}"#,
            ),
            (
                "password=a b password=c",
                "password=[redacted] b password=[redacted]",
            ),
            ("crate::token::Kind", "crate::token::Kind"),
            (r#"password: "cut"#, "password: [redacted]"),
            ("secret: Secret(cut", "secret: [redacted]"),
            ("pässword: ü, token: ü", "pässword: ü, token: [redacted]"),
            ("password:", "password:"),
            (")]} token: )", ")]} token: )"),
        ] {
            assert_eq!(redaction.text(text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn no_text_panics() {
        let redaction = Redaction::new(&[]);
        let parts = [
            "token", ":", "=", "\"", "\\", "(", "}", "ü", " ", "Bearer", "'",
        ];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer = |text: &String| parts.map(|part| format!("{text}{part}"));
            texts = texts.iter().flat_map(longer).collect();
        }
        for text in texts {
            let _ = redaction.text(text);
        }
    }
}
