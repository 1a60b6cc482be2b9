//! Names of variants, as reasons and as words.

/// `ORDER_UNKNOWN` for `OrderUnknown`.
pub(super) fn screaming(name: &str) -> String {
    words(name).join("_").to_uppercase()
}

/// `order unknown` for `OrderUnknown`.
pub(super) fn spoken(name: &str) -> String {
    words(name).join(" ").to_lowercase()
}

/// A word begins at an upper-case letter behind a lower-case one or a digit, and at the last of several
/// that a lower-case one follows: `HTTPError` are two.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &char) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(at + 1);
        let begins = char.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if (begins || char == '_') && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| char != '_') {
            word.push(char);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        for (name, reason, text) in [
            ("OrderUnknown", "ORDER_UNKNOWN", "order unknown"),
            ("Late", "LATE", "late"),
            ("HTTPError", "HTTP_ERROR", "http error"),
            ("Http2Error", "HTTP2_ERROR", "http2 error"),
            ("TooManyXs", "TOO_MANY_XS", "too many xs"),
            ("X", "X", "x"),
            ("Already_Sent", "ALREADY_SENT", "already sent"),
        ] {
            assert_eq!(screaming(name), reason);
            assert_eq!(spoken(name), text);
        }
    }
}
