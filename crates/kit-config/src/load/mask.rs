//! Lines that could not be read are shown without what may be a secret.

use crate::problem::Problem;
use crate::shape::{Shape, is_same_name, nearest};
use crate::tree::key::Step;
use crate::tree::text::Span;

/// The names by which a line is judged.
pub(super) struct Mask {
    secrets: Vec<String>,
    /// The names of all other settings.
    known: Vec<String>,
}

impl Mask {
    pub(super) fn of(shape: &Shape) -> Mask {
        let keys = shape.keys();
        let plain = keys.iter().filter(|(_, place)| !place.is_secret());
        let names = plain.filter_map(|(key, _)| match key.steps().last() {
            Some(Step::Key(name)) => Some(name.clone()),
            Some(Step::Index(_)) | None => None,
        });
        Mask {
            known: names.collect(),
            secrets: shape.secret_names(),
        }
    }

    /// Hides what may be a secret in the line of a problem of a file that could not be read as a whole: its
    /// values are in no tree, or at other places of it than was meant.
    pub(super) fn hide_in(&self, problem: &Problem) {
        if let Some(span) = problem.origin.span() {
            self.hide_line(span);
        }
    }

    /// A line that begins with no key may be one of a text over several lines, and is hidden as a whole.
    /// Else all is hidden that follows a name like that of a secret, and all that follows the `=` or `:`
    /// after a name that is no known one, as a key can be damaged beyond likeness.
    fn hide_line(&self, span: &Span) {
        if self.secrets.is_empty() {
            return;
        }
        let line = span.line_text();
        if !has_key(line) {
            span.hide_line_from(line.len() - line.trim_start().len());
            return;
        }
        let hidden = [self.secret_value(line), self.unknown_value(line)];
        if let Some(from) = hidden.into_iter().flatten().min() {
            span.hide_line_from(from);
        }
    }

    /// Whether a name is like that of a secret.
    fn is_secret(&self, name: &str) -> bool {
        let secrets = self.secrets.iter().map(String::as_str);
        nearest(name, secrets).is_some()
    }

    /// Where the value after a name like that of a secret begins.
    fn secret_value(&self, line: &str) -> Option<usize> {
        let mut end = 0;
        for part in line.split_inclusive(|c: char| !is_bare(c)) {
            end += part.len();
            let word = part.trim_end_matches(|c: char| !is_bare(c));
            if self.is_secret(word) {
                let value = line[end..].trim_start_matches(|c: char| !is_bare(c));
                return Some(line.len() - value.len());
            }
        }
        None
    }

    /// Where the value after a name begins that is no known one.
    fn unknown_value(&self, line: &str) -> Option<usize> {
        let mut signs = line.match_indices(['=', ':']);
        let sign = signs.find(|(at, _)| {
            let name = line[..*at].trim_end_matches(['"', '\'', ' ', '\t']);
            let word = name
                .rsplit(|c: char| !is_bare(c))
                .next()
                .unwrap_or_default();
            let is_known = self.known.iter().any(|known| is_same_name(known, word));
            !is_known && !self.is_secret(word)
        });
        sign.map(|(at, sign)| at + sign.len())
    }
}

fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a line begins with a key and its `=` or `:`, or with a header.
fn has_key(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || "-{\"'".contains(c));
    let is_key = |c: char| is_bare(c) || c == '.' || c == '"' || c == '\'';
    let rest = line.trim_start_matches(is_key);
    let is_assigned = rest.len() < line.len() && rest.trim_start().starts_with(['=', ':']);
    let is_header = line.starts_with('[') && !line.contains(['"', '\'', ',']);
    is_header || (is_assigned && !rest.trim_start()[1..].starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text::SourceText;

    fn shown(line: &str) -> String {
        let mask = Mask {
            secrets: vec!["password".to_owned()],
            known: vec!["db".to_owned(), "port".to_owned()],
        };
        let span = Span::new(&SourceText::new("a.toml", line), 0..1);
        mask.hide_line(&span);
        span.shown_line().0
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (line, expected) in [
            ("password = \"hunter2", "password = \"***"),
            ("pasword: hunter2", "pasword: ***"),
            (
                "db = { passwrd = \"hunter2\" port = 1 }",
                "db = { passwrd = \"***",
            ),
            ("port = 80 80", "port = 80 80"),
            ("[http", "[http"),
            ("pa=sword = \"hunter2\"", "pa=***"),
            (
                "{ \"db\": { \"pass\"word\": \"hunter2\" }",
                "{ \"db\": { \"pass\"word\":***",
            ),
            ("pa+ = \"hunter2\"", "***"),
            ("port = 80, pa + = \"hunter2\"", "port = 80, pa + =***"),
            ("[\"hunter2\"", "***"),
            ("  hunter2\"", "  ***"),
            ("aHVudGVyMg==", "***"),
        ] {
            assert_eq!(shown(line), expected);
        }
    }
}
