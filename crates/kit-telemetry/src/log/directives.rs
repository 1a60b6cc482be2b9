//! The text of a filter.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::Error;

/// A filter that is right.
pub(crate) struct ParsedFilter {
    pub(super) text: String,
    pub(super) filter: EnvFilter,
}

impl ParsedFilter {
    /// # Errors
    /// A text that is no filter.
    pub(crate) fn of(text: &str) -> Result<ParsedFilter, Error> {
        Ok(ParsedFilter {
            text: text.to_owned(),
            filter: parse(text)?,
        })
    }
}

/// Stricter than [`EnvFilter`]: a level with a wrong letter is a target without a level, which
/// would switch everything else off.
///
/// # Errors
/// The first part that is wrong.
pub(super) fn parse(text: &str) -> Result<EnvFilter, Error> {
    let wrong = |directive: &str, why: String| Error::Filter {
        filter: text.to_owned(),
        directive: directive.to_owned(),
        why,
    };
    let directives = split(text);
    if directives.iter().all(|directive| directive.is_empty()) {
        return Err(wrong(
            text,
            "it is empty, and `off` is the filter of no lines".to_owned(),
        ));
    }
    for &directive in &directives {
        let level = match directive.rfind(']') {
            // After the span in brackets.
            Some(bracket) => directive[bracket..].split_once('=').map(|(_, level)| level),
            None => Some(
                directive
                    .split_once('=')
                    .map_or(directive, |(_, level)| level),
            ),
        };
        let Some(level) = level else {
            return Err(wrong(directive, "it has no level".to_owned()));
        };
        if level.is_empty() || level.parse::<LevelFilter>().is_err() {
            return Err(wrong(directive, format!("`{level}` is no level")));
        }
        if let Err(error) = EnvFilter::builder().parse(directive) {
            return Err(wrong(directive, error.to_string()));
        }
    }
    let parsed = EnvFilter::builder().parse(directives.join(","));
    parsed.map_err(|error| wrong(text, error.to_string()))
}

/// The parts between commas, but those in brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|character| {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_wrong_is_refused_with_its_part_and_what_would_be_right() {
        for (text, directive, why) in [
            ("debgu", "debgu", "`debgu` is no level"),
            ("info,orders", "orders", "`orders` is no level"),
            ("info,orders=loud", "orders=loud", "`loud` is no level"),
            ("info,,debug", "", "`` is no level"),
            ("", "", "it is empty, and `off` is the filter of no lines"),
            ("[span]", "[span]", "it has no level"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            let expected = format!(
                "the filter `{text}` of the log is wrong at `{directive}`: {why}; write levels (error, \
                 warn, info, debug, trace, off) and targets, such as `info,orders=debug`"
            );
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn filters_that_are_right_are_taken() {
        for text in [
            "info",
            "off",
            "INFO, orders=debug",
            "warn,kit_app::run=trace,hyper=off",
            "info,[request{http.route=\"/a\"}]=debug",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }
}
