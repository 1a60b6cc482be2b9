//! The filter of the log, and its changes at run time.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::{Ending, Scope};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing_subscriber::{EnvFilter, Registry, reload};

use super::directives::ParsedFilter;
use super::identity::Notices;
use super::writer::LineQueue;
use crate::Error;

/// The filter of the log.
pub(crate) struct Filter {
    handle: reload::Handle<EnvFilter, Registry>,
    state: Mutex<FilterState>,
    /// For a line about each change, past the filter: a quieter one takes no line about itself away.
    lines: Arc<LineQueue>,
    notices: Notices,
}

#[derive(Debug)]
struct FilterState {
    /// That of the options.
    configured: String,
    /// That which holds.
    current: String,
    /// When the configured one comes back.
    until: Option<Instant>,
    /// Ends the task that goes back when it is dropped.
    back: Option<oneshot::Sender<()>>,
    /// Counts the changes: a task that goes back does so if none has come since.
    changes: u64,
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
    pub(super) fn new(
        filter: ParsedFilter,
        lines: Arc<LineQueue>,
        notices: Notices,
    ) -> (Arc<Filter>, reload::Layer<EnvFilter, Registry>) {
        let ParsedFilter { text, filter } = filter;
        let (layer, handle) = reload::Layer::new(filter);
        let filter = Filter {
            handle,
            state: Mutex::new(FilterState {
                configured: text.clone(),
                current: text,
                until: None,
                back: None,
                changes: 0,
            }),
            lines,
            notices,
        };
        (Arc::new(filter), layer)
    }

    /// The options were read again: another filter than before holds at once, and the same one changes nothing.
    pub(crate) fn configure(&self, filter: ParsedFilter) {
        let mut state = kit_sync::lock(&self.state);
        if state.configured != filter.text {
            filter.text.clone_into(&mut state.configured);
            self.apply(&mut state, filter, None, "a reload".to_owned());
        }
    }

    /// Another filter holds until the next change, or for `time`: a task of `scope` goes back then, and ends at the
    /// next change.
    ///
    /// # Errors
    /// A text that is no filter; nothing has changed then.
    pub(super) fn change(
        self: &Arc<Filter>,
        text: &str,
        time: Option<Duration>,
        by: String,
        scope: &Scope,
    ) -> Result<(), Error> {
        let filter = ParsedFilter::of(text)?;
        let mut state = kit_sync::lock(&self.state);
        self.apply(&mut state, filter, time, by);
        let Some(time) = time else {
            return Ok(());
        };
        let (back, replaced) = oneshot::channel();
        state.back = Some(back);
        let change = state.changes;
        drop(state);
        let filter = Arc::clone(self);
        let back = async move {
            if timeout(time, replaced).await.is_err() {
                filter.go_back(change);
            }
        };
        scope.spawn_as("filter of the log", Ending::MayBeDropped, back);
        Ok(())
    }

    fn go_back(&self, change: u64) {
        let mut state = kit_sync::lock(&self.state);
        // It was parsed before.
        let configured = ParsedFilter::of(&state.configured).ok();
        if let Some(filter) = configured.filter(|_| state.changes == change) {
            self.apply(&mut state, filter, None, "the end of its time".to_owned());
        }
    }

    /// The line is pushed under the lock, so that lines have the order of the changes; a push waits for nothing.
    fn apply(
        &self,
        state: &mut FilterState,
        filter: ParsedFilter,
        time: Option<Duration>,
        by: String,
    ) {
        let ParsedFilter { text, filter } = filter;
        let from = std::mem::replace(&mut state.current, text.clone());
        state.until = time.map(|time| Instant::now() + time);
        state.back = None;
        state.changes += 1;
        // The subscriber lives as long as the process.
        let _ = self.handle.reload(filter);
        let line = self.notices.filter_changed(from, text, time, by);
        self.lines.push(line);
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

#[cfg(test)]
mod tests {
    use kit_test_support::Lines;
    use tokio::time::sleep;

    use super::super::format::Format;
    use super::super::identity::Identity;
    use super::super::options::{LogFormat, RepeatOptions};
    use super::super::repeat::Repeat;
    use super::super::writer::Writer;
    use super::*;

    fn start(seen: &Lines) -> (Arc<Filter>, Writer, reload::Layer<EnvFilter, Registry>) {
        let notices = || Notices {
            format: Format::choose(LogFormat::Logfmt, false),
            identity: Arc::new(Identity::of(String::new())),
            repeat: Arc::new(Repeat::new(&RepeatOptions::default())),
        };
        let writer = Writer::start(Box::new(seen.clone()), 1 << 20, notices()).unwrap();
        let parsed = ParsedFilter::of("info").unwrap();
        let (filter, layer) = Filter::new(parsed, Arc::clone(writer.lines()), notices());
        (filter, writer, layer)
    }

    fn change(filter: &Arc<Filter>, text: &str, time: Option<Duration>, scope: &Scope) {
        filter.change(text, time, "test".to_owned(), scope).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_for_a_time_goes_back_unless_another_came() {
        let tree = kit_sync::TaskTree::new("test");
        let seen = Lines::default();
        let (filter, mut writer, _layer) = start(&seen);
        let second = Duration::from_secs(1);
        change(&filter, "debug", Some(second), tree.scope());
        assert_eq!(filter.status().left, Some(second));
        sleep(second * 2).await;
        let configured = FilterStatus {
            current: "info".to_owned(),
            configured: "info".to_owned(),
            left: None,
        };
        assert_eq!(filter.status(), configured);
        change(&filter, "debug", Some(second), tree.scope());
        change(&filter, "trace", None, tree.scope());
        sleep(second * 2).await;
        assert_eq!(filter.status().current, "trace");
        change(&filter, "debug", Some(second), tree.scope());
        filter.configure(ParsedFilter::of("info").unwrap());
        assert_eq!(filter.status().current, "debug");
        filter.configure(ParsedFilter::of("warn").unwrap());
        sleep(second * 2).await;
        assert_eq!(filter.status().current, "warn");
        tree.close(Instant::now() + second).await;
        writer.end(Duration::from_secs(10));
        let lines = seen.all();
        let changes: Vec<_> = lines
            .iter()
            .filter_map(|line| line.split_once(" from="))
            .collect();
        let changes: Vec<_> = changes.into_iter().map(|(_, change)| change).collect();
        assert_eq!(
            changes,
            [
                "info to=debug for=1s by=test",
                "debug to=info by=\"the end of its time\"",
                "info to=debug for=1s by=test",
                "debug to=trace by=test",
                "trace to=debug for=1s by=test",
                "debug to=warn by=\"a reload\"",
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_another_has_replaced_leaves_no_task() {
        let tree = kit_sync::TaskTree::new("test");
        let seen = Lines::default();
        let (filter, mut writer, _layer) = start(&seen);
        let day = Duration::from_secs(24 * 60 * 60);
        for _ in 0..50 {
            change(&filter, "debug", Some(day), tree.scope());
        }
        // The clock stands still: a task that is woken ends within a few turns.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(tree.scope().live(), 1);
        change(&filter, "trace", None, tree.scope());
        tree.close(Instant::now() + Duration::from_secs(1)).await;
        writer.end(Duration::from_secs(10));
    }
}
