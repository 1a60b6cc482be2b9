//! Hidden texts in words that are not Kit's.

use super::userinfo::userinfo;
use crate::secret::MASK;
use crate::shape::Place;
use crate::tree::key::Step;
use crate::tree::node::{Node, Value};
use crate::tree::text::Span;

/// Up to how many characters a text is masked only where it is a word: a shorter one is in many words.
const SHORT: usize = 3;

/// The hidden texts of some values. A message of a rule, or of a type's own `Deserialize`, can quote them.
#[derive(Debug, Default)]
pub(crate) struct HiddenTexts(Vec<String>);

impl HiddenTexts {
    /// Adds those of a value: of secrets, of what a reference brought from one, of user and password of URLs.
    pub(crate) fn add(&mut self, node: &Node, place: Option<&Place<'_>>) {
        let child = |step: Step| place.and_then(|place| place.child(&step));
        let is_hidden = || {
            let is_written_hidden = node.origin.span().is_some_and(Span::is_hidden);
            is_written_hidden || node.origin.is_hidden() || place.is_none_or(Place::is_secret)
        };
        match &node.value {
            Value::List(list) => {
                for (index, node) in list.iter().enumerate() {
                    self.add(node, child(Step::Index(index)).as_ref());
                }
            }
            Value::Table(table) => {
                for entry in table.iter() {
                    self.add(&entry.node, child(Step::Key(entry.key.clone())).as_ref());
                }
            }
            Value::Text(text) => {
                let is_url = node.origin.is_url() || place.is_some_and(Place::is_url);
                let user = userinfo(text).map(|bytes| &text[bytes]);
                if let (true, Some(user)) = (is_url, user) {
                    self.0.push(user.to_owned());
                    let password = user.split_once(':').map(|(_, password)| password);
                    self.0.extend(password.map(str::to_owned));
                }
                let is_secret = node.origin.is_hidden() || place.is_none_or(Place::is_secret);
                if is_secret || (!is_url && is_hidden()) {
                    self.0.push(text.clone());
                }
            }
            Value::Integer(number) if is_hidden() => self.0.push(number.to_string()),
            Value::Float(number) if is_hidden() => self.0.push(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
        }
    }

    /// The message with `***` for each of them, also where it quotes them with escapes, or without the white space
    /// around them.
    pub(crate) fn mask(&self, message: &str) -> String {
        let mut texts: Vec<String> = Vec::new();
        for text in self.0.iter().map(|text| text.trim()) {
            let quoted = format!("{text:?}");
            texts.extend([text.to_owned(), quoted[1..quoted.len() - 1].to_owned()]);
        }
        texts.retain(|text| !text.is_empty());
        // A text may be a part of another one.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        texts
            .iter()
            .fold(message.to_owned(), |message, text| masked(&message, text))
    }
}

fn masked(message: &str, text: &str) -> String {
    let is_short = text.chars().count() <= SHORT;
    let is_in_word = |before: &str, after: &str| {
        let before = before.chars().next_back();
        let mut around = before.into_iter().chain(after.chars().next());
        around.any(char::is_alphanumeric)
    };
    let (mut shown, mut end) = (String::new(), 0);
    for (at, _) in message.match_indices(text) {
        shown.push_str(&message[end..at]);
        end = at + text.len();
        let is_shown = is_short && is_in_word(&message[..at], &message[end..]);
        shown.push_str(if is_shown { text } else { MASK });
    }
    shown + &message[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_occurrence_is_masked_and_a_short_one_only_as_a_word() {
        let texts = |texts: &[&str]| HiddenTexts(texts.iter().map(|&text| text.into()).collect());
        for (hidden, message, expected) in [
            (
                &["hunter2"][..],
                "not \"hunter2\"; xhunter2x",
                "not \"***\"; x***x",
            ),
            (&["to"], "has to be a token", "has *** be a token"),
            (
                &["a\"b\n"],
                "not \"a\\\"b\\n\", not a\"b",
                "not \"***\\n\", not ***",
            ),
            (&["u:pass1", "pass1"], "u:pass1 or pass1", "*** or ***"),
            (&["pass", "pass1"], "pass1 or pass", "*** or ***"),
            (&["", " "], "as it was", "as it was"),
        ] {
            assert_eq!(texts(hidden).mask(message), expected, "{hidden:?}");
        }
    }
}
