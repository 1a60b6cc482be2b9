//! Mistakes in settings.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;
use crate::tree::text::Span;
use cut::cut;

mod cut;
mod snippet;
mod what;
mod width;

pub(crate) use what::What;

/// One thing that is wrong with settings.
///
/// It is shown with its source, the full key, and what would be right; with the line of a file and a
/// mark below it. The value of a secret is masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub(crate) origin: Origin,
    pub(crate) key: KeyPath,
    pub(crate) what: What,
}

impl Problem {
    pub(crate) fn new(origin: Origin, key: KeyPath, what: What) -> Problem {
        Problem { origin, key, what }
    }

    /// The full key, such as `http.addr` or `servers[0].name`; empty if none is at fault.
    #[must_use]
    pub fn key(&self) -> String {
        self.key.to_string()
    }

    /// Where it was written: `orders.toml:12:8`, `variable ORDERS__HTTP__ADDR`, `flag --set http.addr`,
    /// or `default`.
    #[must_use]
    pub fn source(&self) -> String {
        self.origin.to_string()
    }

    /// The line in a file, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.origin.span().map(Span::line)
    }

    /// The column in a file, counted from 1 in characters.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.origin.span().map(Span::column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A rule can refuse a default, for which the reader looks in vain elsewhere.
        let is_rule = matches!(self.what, What::Rule { .. }) && !self.key.is_root();
        if self.origin != Origin::Default || is_rule {
            write!(f, "{}: ", cut(&self.origin.to_string(), SHOWN_ORIGIN))?;
        }
        if !self.key.is_root() {
            write!(f, "{}: ", cut(&self.key.to_string(), SHOWN_KEY))?;
        }
        write!(f, "{}", cut(&self.what.to_string(), SHOWN_TEXT))?;
        match self.origin.span() {
            Some(span) => snippet::write(f, span),
            None => Ok(()),
        }
    }
}

/// How many characters are shown of a problem's origin, key and sentence.
const SHOWN_ORIGIN: usize = 400;
const SHOWN_KEY: usize = 200;
const SHOWN_TEXT: usize = 2_000;

/// How many problems are shown.
const SHOWN: usize = 100;
/// After how many bytes no further problem is shown.
const SHOWN_BYTES: usize = 64 << 10;

/// All that is wrong with settings, from one load. The first 100 problems are shown, or fewer if they are longer
/// than 64 KiB, with the number of the others; [`problems`](Self::problems) has all of them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct LoadError {
    problems: Vec<Problem>,
    files: Vec<PathBuf>,
}

impl LoadError {
    /// The problems, in the order of sources and places.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The files that references name, such as `${file:/run/secrets/token}`, also those that are missing. The
    /// settings may be right once one of them has changed.
    pub fn referred_files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// With the files that references name.
    pub(crate) fn with_referred_files(self, files: Vec<PathBuf>) -> LoadError {
        LoadError { files, ..self }
    }

    /// A failure that is of no source.
    pub(crate) fn of_message(message: String) -> LoadError {
        let what = What::Other { message };
        let problem = Problem::new(Origin::Default, KeyPath::root(), what);
        LoadError {
            problems: vec![problem],
            files: Vec::new(),
        }
    }

    /// `Err` with these problems, `Ok` if there are none.
    pub(crate) fn refuse_any(problems: Vec<Problem>) -> Result<(), LoadError> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(LoadError {
            problems,
            files: Vec::new(),
        })
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the configuration has a mistake:")?,
            count => write!(
                f,
                "the configuration has {count} mistakes:",
                count = grouped(count)
            )?,
        }
        let (mut shown, mut bytes) = (0, 0);
        for problem in self.problems.iter().take(SHOWN) {
            let text = problem.to_string();
            bytes += text.len();
            if bytes > SHOWN_BYTES && shown > 0 {
                break;
            }
            write!(f, "\n\n{text}")?;
            shown += 1;
        }
        match self.problems.len() - shown {
            0 => Ok(()),
            left => write!(f, "\n\nand {} more", grouped(left)),
        }
    }
}

/// A number with a comma before each three digits: `7,950`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text::{SourceText, Span};

    #[test]
    fn a_problem_of_a_file_shows_the_line_and_marks_the_value() {
        let written = "[http]\naddr = 8000 # here\n";
        let text = SourceText::new("config/orders.toml", written);
        let start = written.find("8000").expect("the value");
        let span = Span::new(&text, start..start + 4);
        let key = KeyPath::root().key("http").key("addr");
        let what = What::Type {
            found: "8000".to_owned(),
            expected: "an address, such as \":8000\"".to_owned(),
        };
        let problem = Problem::new(Origin::File(span), key, what);
        assert_eq!((problem.line(), problem.column()), (Some(2), Some(8)));
        let error = LoadError::refuse_any(vec![problem]).unwrap_err();
        let expected = "\
the configuration has a mistake:

config/orders.toml:2:8: http.addr: 8000 is not an address, such as \":8000\"
  |
2 | addr = 8000 # here
  |        ^^^^";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn of_many_problems_the_first_hundred_are_shown() {
        let problem = |at: usize| {
            let message = format!("is wrong ({at})");
            let what = What::Other { message };
            Problem::new(Origin::Default, KeyPath::root().index(at), what)
        };
        for (count, end) in [
            (100, "[99]: is wrong (99)"),
            (101, "[99]: is wrong (99)\n\nand 1 more"),
            (8_050, "[99]: is wrong (99)\n\nand 7,950 more"),
        ] {
            let error = LoadError::refuse_any((0..count).map(problem).collect()).unwrap_err();
            assert_eq!(error.problems().len(), count);
            let shown = error.to_string();
            assert!(shown.ends_with(end), "{count}: {shown}");
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn the_whole_is_bounded_whatever_its_parts_are() {
        let long = "long ".repeat(100_000);
        let problem = |at: usize| {
            let key = KeyPath::root().key(long.as_str()).index(at);
            let message = format!("{long}is wrong");
            Problem::new(
                Origin::Variable(long.as_str().into()),
                key,
                What::Other { message },
            )
        };
        let error = LoadError::refuse_any((0..200).map(problem).collect()).unwrap_err();
        let shown = error.to_string();
        assert!(shown.len() < SHOWN_BYTES + 1_000, "{} bytes", shown.len());
        assert!(
            shown.contains("[0]: ") && shown.contains("is wrong\n"),
            "{shown}"
        );
        assert!(shown.ends_with(" more"), "{shown}");
    }

    #[test]
    fn the_mark_stands_below_wide_characters_and_tabs() {
        let written = "\t漢字 = 'e\u{301}' # é";
        let text = SourceText::new("a.toml", written);
        let start = written.find('\'').expect("the value");
        let span = Span::new(&text, start..start + 5);
        let what = What::Unknown { nearest: None };
        let problem = Problem::new(Origin::File(span), KeyPath::root(), what);
        let shown = problem.to_string();
        let mark = shown.lines().last().expect("a mark");
        assert_eq!(mark, "  | \t       ^^^");
    }

    #[test]
    fn a_rule_about_a_default_says_so() {
        let message = "a user needs a password".to_owned();
        let key = KeyPath::root().key("password");
        let problem = Problem::new(Origin::Default, key, What::Rule { message });
        let expected = "default: password: a user needs a password";
        assert_eq!(problem.to_string(), expected);
    }

    #[test]
    fn a_problem_of_a_variable_has_no_line() {
        let key = KeyPath::root().key("htpp");
        let what = What::Unknown {
            nearest: Some("http".to_owned()),
        };
        let problem = Problem::new(Origin::Variable("ORDERS__HTPP".into()), key, what);
        let expected =
            "variable ORDERS__HTPP: htpp: there is no such setting; did you mean `http`?";
        assert_eq!(problem.to_string(), expected);
    }
}
