//! The text of a message to the service manager: a line for each variable.

use std::time::Duration;

/// The longest status, in bytes: a page of it is more than a line of `systemctl status` shows, and the
/// receiver takes 4096 bytes in all.
const LONGEST_STATUS: usize = 1024;

/// A change of state, ready to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StateMessage {
    Ready,
    /// With the time of the request by the system's monotonic clock, in microseconds. The receiver takes no
    /// message for an answer that is older than its own request.
    Reloading {
        monotonic_usec: u128,
    },
    Stopping,
}

impl StateMessage {
    pub(super) fn text(self) -> String {
        match self {
            StateMessage::Ready => "READY=1".to_owned(),
            StateMessage::Reloading { monotonic_usec } => {
                format!("RELOADING=1\nMONOTONIC_USEC={monotonic_usec}")
            }
            StateMessage::Stopping => "STOPPING=1".to_owned(),
        }
    }

    /// With a status in the same message, so that both are true at the same time.
    pub(super) fn with_status(self, text: &str) -> String {
        format!("{}\n{}", self.text(), status(text))
    }
}

pub(super) const PING: &str = "WATCHDOG=1";

/// The text as one line that is not too long.
pub(super) fn status(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    if line.len() > LONGEST_STATUS {
        line.truncate(line.floor_char_boundary(LONGEST_STATUS - '…'.len_utf8()));
        line.push('…');
    }
    format!("STATUS={line}")
}

/// The service manager is to wait this much longer.
pub(super) fn extend_by(time: Duration) -> String {
    format!("EXTEND_TIMEOUT_USEC={}", time.as_micros())
}

/// The present time by the clock that the receiver compares with its own.
#[cfg(unix)]
pub(super) fn monotonic_usec() -> u128 {
    use nix::time::{ClockId, clock_gettime};
    // Each system that has this clock gives its time.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from);
    now.unwrap_or_default().as_micros()
}

#[cfg(not(unix))]
pub(super) fn monotonic_usec() -> u128 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line_of_whole_characters() {
        assert_eq!(status("a\nb\tc"), "STATUS=a b c");
        let long = status(&"ü".repeat(2_000));
        assert!(
            long.len() <= LONGEST_STATUS + "STATUS=".len(),
            "{}",
            long.len()
        );
        assert!(long.ends_with("ü…"));
    }
}
