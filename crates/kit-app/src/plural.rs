//! A count and its noun.

use std::fmt::Display;

/// `1 task`, `2 tasks`.
pub(crate) fn plural<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{Event, Undelivered};

    #[test]
    fn one_event_and_one_hook_are_no_plural() {
        let undelivered = |events| Undelivered {
            consumer: "log".to_owned(),
            events,
        };
        assert_eq!(undelivered(1).to_string(), "log did not take 1 event");
        assert_eq!(undelivered(2).to_string(), "log did not take 2 events");
        let reloaded = |failed| Event::Reloaded {
            took: Duration::from_secs(1),
            failed,
        };
        let says = "reloaded after 1.0s";
        assert_eq!(reloaded(0).to_string(), says);
        assert_eq!(reloaded(1).to_string(), format!("{says}, 1 hook failed"));
        assert_eq!(reloaded(3).to_string(), format!("{says}, 3 hooks failed"));
    }
}
