//! Which values are not written: neither into the log nor to a collector.

mod text;

pub(crate) use text::REDACTED;
use text::redact_in;

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
pub(crate) struct Redaction {
    /// The ends of keys, each behind its last letter.
    ends: Vec<(char, String)>,
}

impl Redaction {
    pub(crate) fn new(more: &[String]) -> Redaction {
        let keys = KEYS.into_iter().chain(more.iter().map(String::as_str));
        let ends = keys.map(|key| letters(key).collect::<String>());
        let ends = ends.filter_map(|end| Some((end.chars().next_back()?, end)));
        Redaction {
            ends: ends.collect(),
        }
    }

    /// Whether the key, such as `db.password` or `X-Api-Key`, ends with one of those.
    ///
    /// Each field of each line comes by here. Most keys differ from most of those in the last letter already, so
    /// the few with the same one are compared, from the end, and nothing is allocated.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        let last_letter = match key.as_bytes().last() {
            Some(last) if last.is_ascii_alphanumeric() => last.to_ascii_lowercase().into(),
            _ => match letters(key).next_back() {
                Some(letter) => letter,
                None => return false,
            },
        };
        let mut similar = self.ends.iter().filter(|(last, _)| *last == last_letter);
        similar.any(|(_, end)| match key.is_ascii() {
            true => is_end(end.bytes(), ascii_letters(key)),
            false => is_end(end.chars(), letters(key)),
        })
    }

    /// A text in which the values of such keys are replaced, as `Debug` prints structs and maps, and as URLs and
    /// logs have them.
    pub(crate) fn text(&self, text: String) -> String {
        match redact_in(&text, |key| self.has_key(key)) {
            Some(redacted) => redacted,
            None => text,
        }
    }
}

fn is_end<T: PartialEq>(
    end: impl DoubleEndedIterator<Item = T>,
    letters: impl DoubleEndedIterator<Item = T>,
) -> bool {
    let mut letters = letters.rev();
    end.rev().all(|letter| letters.next() == Some(letter))
}

/// [`letters`] of a key as nearly all are.
fn ascii_letters(key: &str) -> impl DoubleEndedIterator<Item = u8> {
    let letters = key.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase())
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
        let foreign = Redaction::new(&["Паро́ль".to_owned()]);
        assert!(foreign.has_key("мой_ПАРО́ЛЬ") && foreign.has_key("ключ.password"));
        for key in [
            "",
            "_",
            "ü",
            "tokens",
            "token_count",
            "name",
            "secretary",
            "card",
        ] {
            assert!(!redaction.has_key(key), "{key}");
        }
    }
}
