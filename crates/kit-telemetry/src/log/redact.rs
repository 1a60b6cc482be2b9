//! Which values are not written.

use super::redact_text::redact_in;

/// The ends of keys, without case and separators, whose values are not written.
const KEYS: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "token",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "credential",
    "credentials",
    "cookie",
    "setcookie",
    "sessionid",
    "bearer",
    "jwt",
];

/// Knows the keys whose values are not written.
#[derive(Clone, Debug)]
pub(super) struct Redaction {
    more: Vec<String>,
}

impl Redaction {
    pub(super) fn new(more: &[String]) -> Redaction {
        let more = more.iter().map(|key| normalized(key)).collect();
        Redaction { more }
    }

    /// Whether the key, such as `db.password` or `X-Api-Key`, ends with one of those.
    ///
    /// Each field of each span comes by here: the letters are compared from the end, mostly one of each, and
    /// nothing is allocated.
    pub(super) fn has_key(&self, key: &str) -> bool {
        let mut keys = KEYS.into_iter().chain(self.more.iter().map(String::as_str));
        keys.any(|secret| {
            let mut letters = letters(key).rev();
            secret
                .chars()
                .rev()
                .all(|letter| letters.next() == Some(letter))
        })
    }

    /// A text in which the values of such keys are replaced, as `Debug` prints structs and maps, and as URLs and
    /// logs have them.
    pub(super) fn text(&self, text: String) -> String {
        match redact_in(&text, |key| self.has_key(key)) {
            Some(redacted) => redacted,
            None => text,
        }
    }
}

fn normalized(key: &str) -> String {
    letters(key).collect()
}

/// Without case and separators.
fn letters(key: &str) -> impl DoubleEndedIterator<Item = char> {
    let key = key.chars().filter(|character| character.is_alphanumeric());
    key.flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_ends() {
        let redaction = Redaction::new(&["Card-Number".to_owned()]);
        for key in [
            "password",
            "db.password",
            "accessToken",
            "X-Api-Key",
            "AUTHORIZATION",
            "set-cookie",
            "client_secret",
            "card_number",
            "http.request.header.authorization",
        ] {
            assert!(redaction.has_key(key), "{key}");
        }
        for key in ["tokens", "token_count", "name", "secretary", "card"] {
            assert!(!redaction.has_key(key), "{key}");
        }
    }
}
