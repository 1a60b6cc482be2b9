//! An error and its sources, for a log, a report or a terminal.

use std::error::Error;
use std::iter::successors;

/// The error of a task: any error, from anywhere.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// An error and its [sources](Error::source) in one line, joined by `: `, the nearest first.
///
/// A message that repeats its source is not printed twice: a source is left out when the line
/// is its text already, or ends with it behind a colon (some libraries print their source themselves,
/// and a transparent wrapper has no text), or when it has none. Line breaks and other control characters
/// become spaces, so that one failure stays one line of a log, and a text from elsewhere cannot write
/// into a terminal what it wants.
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
        if !text.is_empty() && !is_said(&line, &text) {
            line.push_str(": ");
            line.push_str(&text);
        }
    }
    line
}

/// Whether the line says this already: all of it, or behind its last colon. `svc/tick failed` does not
/// say `failed`, nor `tick failed`.
fn is_said(line: &str, text: &str) -> bool {
    let before = line.strip_suffix(text);
    before.is_some_and(|before| before.is_empty() || before.ends_with(": "))
}

fn in_one_line(text: &str) -> String {
    let lines = text.split(char::is_control).map(str::trim);
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
    fn a_reason_that_happens_to_end_the_message_is_kept() {
        assert_eq!(
            line(&["worker svc/q failed", "failed"]),
            "worker svc/q failed: failed"
        );
        assert_eq!(
            line(&["worker svc/tick failed", "tick failed"]),
            "worker svc/tick failed: tick failed"
        );
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(line(&["two\u{1b}[31m red\u{7}"]), "two [31m red");
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
