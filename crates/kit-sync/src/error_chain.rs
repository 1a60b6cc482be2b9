//! An error and its sources, for a log, a report or a terminal.

use std::error::Error;
use std::iter::successors;

/// The error of a task: any error, from anywhere.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// An error and its [sources](Error::source) in one line, joined by `: `, the nearest first.
///
/// A message that repeats its source is not printed twice: a source is left out when the line
/// already ends with its text (some libraries print their source themselves, and a transparent
/// wrapper has no text), or when it has none. Line breaks become spaces, so that one
/// failure stays one line of a log.
///
/// ```
/// use std::io;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("cannot read the configuration")]
/// struct Unreadable(#[source] io::Error);
///
/// let error = Unreadable(io::Error::other("no such file"));
/// assert_eq!(
///     kit_sync::error_chain(&error),
///     "cannot read the configuration: no such file"
/// );
/// ```
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = in_one_line(&error.to_string());
    for source in successors(error.source(), |&source| source.source()) {
        let text = in_one_line(&source.to_string());
        // True of an empty text, too.
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
    }
    line
}

fn in_one_line(text: &str) -> String {
    let lines = text.split(['\n', '\r']).map(str::trim);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;
    use crate::BoxError;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    /// The chain of an error whose text is the first one, with the others below it.
    fn line(texts: &[&'static str]) -> String {
        let link = texts.iter().rev().fold(None, |source, text| {
            let source = source.map(Box::new);
            Some(Link { text, source })
        });
        error_chain(&link.unwrap())
    }

    #[test]
    fn an_error_without_a_source_is_its_text() {
        assert_eq!(line(&["no such file"]), "no such file");
    }

    #[test]
    fn sources_follow_from_the_nearest_to_the_first() {
        assert_eq!(line(&["boot", "config", "open"]), "boot: config: open");
    }

    #[test]
    fn a_message_that_ends_with_its_source_is_not_followed_by_it() {
        assert_eq!(
            line(&["boot: config: open", "config: open", "open"]),
            "boot: config: open"
        );
        assert_eq!(
            line(&["boot: config", "config", "open"]),
            "boot: config: open"
        );
        assert_eq!(
            line(&["transparent", "transparent", "open"]),
            "transparent: open"
        );
    }

    #[test]
    fn a_source_that_stands_in_the_middle_of_the_message_is_kept() {
        assert_eq!(line(&["cannot open /a", "open"]), "cannot open /a: open");
    }

    #[test]
    fn a_source_without_text_is_left_out() {
        assert_eq!(line(&["boot", "", "open"]), "boot: open");
    }

    #[test]
    fn texts_of_several_lines_become_one() {
        let parsed = "expected a number\r\n  --> kit.toml:3\n   |\n3  | port = x\n";
        assert_eq!(
            line(&["cannot read kit.toml", parsed]),
            "cannot read kit.toml: expected a number --> kit.toml:3 | 3  | port = x"
        );
    }

    #[test]
    fn a_boxed_error_has_a_chain_like_any_other() {
        let error: BoxError = "plain".into();
        assert_eq!(error_chain(&*error), "plain");
    }
}
