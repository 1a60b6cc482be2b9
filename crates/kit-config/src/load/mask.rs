//! Lines that could not be read are shown without what may be a secret.

use crate::problem::Problem;
use crate::shape::{Shape, nearest};
use crate::tree::text::Span;

/// The names of the settings that are secret.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn of(shape: &Shape) -> Secrets {
        Secrets(shape.secret_names())
    }

    /// Hides what may be a secret in the line of a problem, whose value is in no tree.
    ///
    /// All that follows a name like that of a secret is hidden. A line that begins with no key may be one
    /// of a text over several lines, and is hidden as a whole.
    pub(super) fn hide_in(&self, problem: &Problem) {
        if let Some(span) = problem.origin.span() {
            self.hide_line(span);
        }
    }

    fn hide_line(&self, span: &Span) {
        if self.0.is_empty() {
            return;
        }
        let line = span.line_text();
        if !has_key(line) {
            span.hide_line_from(line.len() - line.trim_start().len());
            return;
        }
        let names = || self.0.iter().map(String::as_str);
        let mut begin = 0;
        for word in line.split(|c: char| !is_bare(c)) {
            let end = begin + word.len();
            if nearest(word, names()).is_some() {
                let rest = line[end..].trim_start_matches(|c: char| !is_bare(c) && c != '*');
                let from = line.len() - rest.len();
                span.hide_line_from(from);
                return;
            }
            begin = end + line[end..].chars().next().map_or(0, char::len_utf8);
        }
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
    line.starts_with('[') || (is_assigned && !rest.trim_start()[1..].starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text::SourceText;

    fn shown(line: &str) -> String {
        let secrets = Secrets(vec!["password".to_owned()]);
        let span = Span::new(&SourceText::new("a.toml", line), 0..1);
        secrets.hide_line(&span);
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
            ("  hunter2\"", "  ***"),
            ("aHVudGVyMg==", "***"),
        ] {
            assert_eq!(shown(line), expected);
        }
    }
}
