//! Lines that could not be read are shown without what may be a secret.

use std::collections::HashSet;

use crate::problem::Problem;
use crate::shape::{SettingNames, Shape, is_same_name, nearest};
use crate::tree::text::Span;

/// The names by which a line is judged.
pub(super) struct Mask<'a> {
    shape: &'a Shape,
    names: SettingNames,
    /// The lines that have been looked at, by their files: one can have many problems, and be very long.
    seen: HashSet<(String, usize)>,
}

impl<'a> Mask<'a> {
    pub(super) fn of(shape: &'a Shape) -> Mask<'a> {
        let names = shape.names();
        Mask {
            shape,
            names,
            seen: HashSet::new(),
        }
    }

    /// Cuts a key at a secret that has no parts: what stands for a key inside of it is a part of its damaged text.
    pub(super) fn shorten(&self, problem: &mut Problem) {
        let mut place = self.shape.root();
        for (known, step) in problem.key.steps().iter().enumerate() {
            let is_whole = place.is_secret() && !place.is_table() && !place.is_list();
            match place.child(step) {
                Some(child) => place = child,
                None if is_whole => {
                    let steps = problem.key.steps()[..known].iter();
                    problem.key = steps.cloned().collect();
                    return;
                }
                None => return,
            }
        }
    }

    /// Hides what may be a secret in the line of a problem of a file that could not be read as a whole: its
    /// values are in no tree, or at other places of it than was meant. Where the problem has a key, the place
    /// of that key counts as well; without a place any name can be that of a secret where a map has secrets.
    pub(super) fn hide_in(&mut self, problem: &Problem) {
        let Some(span) = problem.origin.span() else {
            return;
        };
        let place = self.shape.at(&problem.key);
        let place = place.filter(|_| !problem.key.is_root());
        let holds_secrets = place.as_ref().map(crate::shape::holds_secrets);
        if holds_secrets.unwrap_or(self.names.has_any_name) {
            let line = span.line_text();
            let value = any_value(line).filter(|value| !self.is_shown(&line[*value..]));
            if holds_secrets.is_some() || value.is_some() {
                span.hide_line_from(value.unwrap_or(indent(line)));
            }
        }
        if self.mark_seen(span) {
            hide_userinfo(span, 0);
            self.hide_line(span);
        }
    }

    /// Hides what may be a secret in a comment of the line of a problem: a setting that was commented out, or
    /// that follows one by mistake.
    pub(super) fn hide_comment(&mut self, problem: &Problem) {
        let Some(span) = problem.origin.span() else {
            return;
        };
        if !self.mark_seen(span) {
            return;
        }
        let line = span.line_text();
        let Some((before, comment)) = line.split_once('#') else {
            return;
        };
        hide_userinfo(span, before.len() + 1);
        if !self.names.has_secrets() {
            return;
        }
        if let Some(value) = self.secret_value(comment) {
            span.hide_line_from(before.len() + 1 + value);
        }
    }

    /// Marks a line as looked at; `false` if it was so already.
    fn mark_seen(&mut self, span: &Span) -> bool {
        self.seen.insert((span.name().to_owned(), span.line()))
    }

    /// A line with neither letters nor digits is shown. One that begins with no key may be one of a text over
    /// several lines, and is hidden as a whole.
    /// Else all is hidden that follows a name like that of a secret, and all that follows the `=` or `:`
    /// after a name that is no known one, as a key can be damaged beyond likeness.
    fn hide_line(&self, span: &Span) {
        if !self.names.has_secrets() {
            return;
        }
        let line = span.line_text();
        if !line.contains(char::is_alphanumeric) {
            return;
        }
        if !has_key(line) || self.is_end_of_text(line) {
            span.hide_line_from(indent(line));
            return;
        }
        let hidden = [self.secret_value(line), self.unknown_value(line)];
        if let Some(from) = hidden.into_iter().flatten().min() {
            span.hide_line_from(from);
        }
    }

    /// Whether there is nothing behind the `=` after a name that is not known: so ends a text in base64.
    fn is_end_of_text(&self, line: &str) -> bool {
        let word = line.trim().strip_suffix('=').map(str::trim);
        let names = self.names.plain.iter().chain(&self.names.secret);
        let mut names = names.map(String::as_str);
        word.is_some_and(|word| !names.any(|name| is_same_name(name, word)))
    }

    /// Whether a name is like that of a secret.
    fn is_secret(&self, name: &str) -> bool {
        let secrets = self.names.secret.iter().map(String::as_str);
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

    /// Whether the end of a line holds nothing but a truth value or numbers, and no secret is a number.
    fn is_shown(&self, value: &str) -> bool {
        let value = value.trim_matches([' ', '\t', ',', '}', ']']);
        let is_of_number = |c: char| c.is_ascii_digit() || " \t_.+-".contains(c);
        let is_number = value.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && value.chars().all(is_of_number);
        matches!(value, "true" | "false") || (is_number && !self.names.has_numbers)
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
            let is_known = self
                .names
                .plain
                .iter()
                .any(|known| is_same_name(known, word));
            !is_known && !self.is_secret(word) && !self.is_shown(&line[*at + 1..])
        });
        sign.map(|(at, sign)| at + sign.len())
    }
}

/// Hides user and password of each URL in a line, from this byte of it on. An `@` ends them that stands in the same
/// word, also behind a `/`: a password may have one.
fn hide_userinfo(span: &Span, from: usize) {
    let line = span.line_text();
    let mut start = from;
    while let Some(at) = line[start..].find("://") {
        start += at + "://".len();
        let word = line[start..]
            .split(|c: char| c.is_whitespace() || "\"'`,".contains(c))
            .next();
        if let Some(end) = word.and_then(|word| word.rfind('@')) {
            span.hide_in_line(start..start + end);
        }
    }
}

/// Where the first value of a line begins that is not a table.
fn any_value(line: &str) -> Option<usize> {
    let signs = line.match_indices(['=', ':']);
    let mut values = signs.map(|(at, _)| line[at + 1..].trim_start_matches([' ', '\t']));
    let value = values.find(|value| !value.starts_with('{'))?;
    Some(line.len() - value.trim_start_matches(['"', '\'']).len())
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
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

    fn shown(line: &str, has_numbers: bool) -> String {
        let shape = Shape::from_schema(true.into());
        let names = SettingNames {
            secret: vec!["password".to_owned()],
            plain: vec!["db".to_owned(), "port".to_owned()],
            has_any_name: false,
            has_numbers,
        };
        let mask = Mask {
            shape: &shape,
            names,
            seen: HashSet::new(),
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
            ("aHVudGVyMjE=", "***"),
            ("port =", "port ="),
        ] {
            assert_eq!(shown(line, false), expected);
        }
    }

    #[test]
    fn what_can_be_no_secret_is_shown() {
        for (line, expected, of_numbers) in [
            ("---", "---", "---"),
            ("  } ],", "  } ],", "  } ],"),
            ("prot = 8000 8000", "prot = 8000 8000", "prot =***"),
            ("prot: -1.5e", "prot:***", "prot:***"),
            (
                "{ \"prot\": 8000, }",
                "{ \"prot\": 8000, }",
                "{ \"prot\":***",
            ),
            ("opn = true", "opn = true", "opn = true"),
            ("prot = 80, zzz = \"hunter2\"", "prot =***", "prot =***"),
            ("password = 80", "password = ***", "password = ***"),
        ] {
            assert_eq!(shown(line, false), expected, "{line}");
            assert_eq!(shown(line, true), of_numbers, "{line}");
        }
    }
}
