//! The filter of the log, and its changes at run time.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::{Ending, Scope};
use tokio::time::{Instant, sleep};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::Error;

/// The filter of the log.
pub(crate) struct Filter {
    handle: reload::Handle<EnvFilter, Registry>,
    state: Mutex<FilterState>,
}

#[derive(Debug)]
struct FilterState {
    /// That of the options.
    configured: String,
    /// That which holds.
    current: String,
    /// When the configured one comes back.
    until: Option<Instant>,
    /// Counts the changes: a task that goes back does so if none has come since.
    changes: u64,
}

/// A filter of the options.
pub(crate) struct ParsedFilter {
    text: String,
    filter: EnvFilter,
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

/// Which filter holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilterStatus {
    pub(super) current: String,
    pub(super) configured: String,
    /// After which time the configured one comes back.
    pub(super) left: Option<Duration>,
}

impl Filter {
    /// # Errors
    /// A text that is no filter.
    pub(super) fn new(
        text: &str,
    ) -> Result<(Arc<Filter>, reload::Layer<EnvFilter, Registry>), Error> {
        let (layer, handle) = reload::Layer::new(parse(text)?);
        let filter = Filter {
            handle,
            state: Mutex::new(FilterState {
                configured: text.to_owned(),
                current: text.to_owned(),
                until: None,
                changes: 0,
            }),
        };
        Ok((Arc::new(filter), layer))
    }

    /// The options were read again: another filter than before holds at once, and the same one changes nothing.
    pub(crate) fn configure(&self, filter: ParsedFilter) {
        let ParsedFilter { text, filter } = filter;
        let mut state = kit_sync::lock(&self.state);
        if state.configured != text {
            self.apply(&mut state, &text, filter, None);
            state.configured = text;
        }
    }

    /// Another filter holds until the next change, or for `time`: a task of `scope` goes back then.
    ///
    /// # Errors
    /// A text that is no filter; nothing has changed then.
    pub(super) fn change(
        self: &Arc<Filter>,
        text: &str,
        time: Option<Duration>,
        scope: &Scope,
    ) -> Result<(), Error> {
        let filter = parse(text)?;
        let mut state = kit_sync::lock(&self.state);
        let until = time.map(|time| Instant::now() + time);
        self.apply(&mut state, text, filter, until);
        let change = state.changes;
        drop(state);
        if let Some(time) = time {
            let filter = Arc::clone(self);
            let back = async move {
                sleep(time).await;
                filter.go_back(change);
            };
            scope.spawn_as("filter of the log", Ending::MayBeDropped, back);
        }
        Ok(())
    }

    fn go_back(&self, change: u64) {
        let mut state = kit_sync::lock(&self.state);
        let configured = state.configured.clone();
        // It was parsed before.
        if let Some(filter) = parse(&configured).ok().filter(|_| state.changes == change) {
            self.apply(&mut state, &configured, filter, None);
        }
    }

    fn apply(
        &self,
        state: &mut FilterState,
        text: &str,
        filter: EnvFilter,
        until: Option<Instant>,
    ) {
        text.clone_into(&mut state.current);
        state.until = until;
        state.changes += 1;
        // The subscriber lives as long as the process.
        let _ = self.handle.reload(filter);
    }

    pub(super) fn status(&self) -> FilterStatus {
        let state = kit_sync::lock(&self.state);
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        FilterStatus {
            current: state.current.clone(),
            configured: state.configured.clone(),
            left: state.until.map(left),
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("state", &self.state)
            .finish_non_exhaustive()
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

    #[tokio::test(start_paused = true)]
    async fn a_change_for_a_time_goes_back_unless_another_came() {
        let tree = kit_sync::TaskTree::new("test");
        let (filter, _layer) = Filter::new("info").unwrap();
        let second = Duration::from_secs(1);
        filter.change("debug", Some(second), tree.scope()).unwrap();
        assert_eq!(filter.status().left, Some(second));
        sleep(second * 2).await;
        let configured = FilterStatus {
            current: "info".to_owned(),
            configured: "info".to_owned(),
            left: None,
        };
        assert_eq!(filter.status(), configured);
        filter.change("debug", Some(second), tree.scope()).unwrap();
        filter.change("trace", None, tree.scope()).unwrap();
        sleep(second * 2).await;
        assert_eq!(filter.status().current, "trace");
        filter.change("debug", Some(second), tree.scope()).unwrap();
        filter.configure(ParsedFilter::of("info").unwrap());
        assert_eq!(filter.status().current, "debug");
        filter.configure(ParsedFilter::of("warn").unwrap());
        sleep(second * 2).await;
        assert_eq!(filter.status().current, "warn");
        tree.close(Instant::now() + second).await;
    }
}
