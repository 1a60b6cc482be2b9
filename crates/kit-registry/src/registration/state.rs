//! The state of a registration.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::{Error, ServiceInstance};

/// The state of a [`Registration`](crate::Registration).
///
/// Plain data for a page, a check or a log; [`Display`](fmt::Display) writes it in one line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RegistrationState {
    /// The first attempt has not ended yet.
    Pending,
    /// The registry shows the instance with the wanted value.
    Registered,
    /// The registry does not show the wanted value, or cannot be asked; attempts go on.
    #[non_exhaustive]
    Degraded {
        /// The end of the last `Registered`, or the start of the registration.
        since: Instant,
        /// The last attempt's error, or the reason of the loss.
        why: Arc<Error>,
        /// The value that the registry shows instead, as far as is known: the one before a change
        /// that was not accepted. `None` when the instance is not shown, or when that is unknown.
        shown: Option<Arc<ServiceInstance>>,
        /// The value that is to be shown.
        wanted: Arc<ServiceInstance>,
    },
    /// The instance is being taken away.
    #[non_exhaustive]
    Leaving {
        /// The beginning of the first attempt.
        since: Instant,
        /// The last attempt's error; `None` before the first attempt ended.
        why: Option<Arc<Error>>,
    },
    /// The instance was taken away, or never written. The last state.
    Withdrawn,
}

impl RegistrationState {
    /// The last attempt's error, or the reason of the loss; `None` in states that have none.
    #[must_use]
    pub fn why(&self) -> Option<&Arc<Error>> {
        match self {
            RegistrationState::Degraded { why, .. } => Some(why),
            RegistrationState::Leaving { why, .. } => why.as_ref(),
            _ => None,
        }
    }
}

/// One line, without times: `registered`, or
/// `not shown: cannot register orders/7: etcd at h:1 is unreachable: connection refused`, or
/// `shown as before the change of metadata 'weight': cannot register …`.
impl fmt::Display for RegistrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegistrationState::Pending => f.write_str("not registered yet"),
            RegistrationState::Registered => f.write_str("registered"),
            RegistrationState::Degraded {
                why, shown: None, ..
            } => write!(f, "not shown: {}", why.chain()),
            RegistrationState::Degraded {
                why,
                shown: Some(shown),
                wanted,
                ..
            } if shown == wanted => {
                // A change was sent, its answer never came, and it was taken back.
                write!(f, "shown, as far as is known: {}", why.chain())
            }
            RegistrationState::Degraded {
                why,
                shown: Some(shown),
                wanted,
                ..
            } => {
                let changed = Differences(shown, wanted);
                write!(
                    f,
                    "shown as before the change of {changed}: {}",
                    why.chain()
                )
            }
            RegistrationState::Leaving { why: None, .. } => f.write_str("being deregistered"),
            RegistrationState::Leaving { why: Some(why), .. } => {
                write!(f, "being deregistered: {}", why.chain())
            }
            RegistrationState::Withdrawn => f.write_str("deregistered"),
        }
    }
}

/// The names of the fields in which two values of an instance differ. No contents: they may be large
/// or secret.
struct Differences<'a>(&'a ServiceInstance, &'a ServiceInstance);

/// The number of metadata entries that are named.
const NAMED: usize = 3;
/// The number of characters that are shown of each name.
const NAME_LENGTH: usize = 40;

impl fmt::Display for Differences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Differences(shown, wanted) = self;
        let mut fields = Vec::new();
        if shown.version() != wanted.version() {
            fields.push("its version".to_owned());
        }
        if shown.endpoints() != wanted.endpoints() {
            fields.push("its endpoints".to_owned());
        }
        let (before, after) = (shown.metadata(), wanted.metadata());
        let set = after
            .iter()
            .filter(|(key, value)| before.get(*key) != Some(value));
        let removed = before.iter().filter(|(key, _)| !after.contains_key(*key));
        let keys: Vec<_> = set.chain(removed).map(|(key, _)| key).collect();
        for key in keys.iter().take(NAMED) {
            let key: String = key.chars().take(NAME_LENGTH).collect();
            fields.push(format!("metadata '{}'", key.escape_debug()));
        }
        if keys.len() > NAMED {
            let more = keys.len() - NAMED;
            let entries = if more == 1 { "entry" } else { "entries" };
            fields.push(format!("{more} more {entries}"));
        }
        f.write_str(&fields.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn degraded(shown: Option<&ServiceInstance>, wanted: &ServiceInstance) -> String {
        let why = Error::unreachable("register n/1", "etcd at h:1", "connection refused");
        let state = RegistrationState::Degraded {
            since: Instant::now(),
            why: Arc::new(why),
            shown: shown.cloned().map(Arc::new),
            wanted: Arc::new(wanted.clone()),
        };
        state.to_string()
    }

    #[test]
    fn one_line_says_what_is_shown_and_why() {
        let before = ServiceInstance::builder("1", "n").metadata("old", "x");
        let before = before.build().unwrap();
        let why = "cannot register n/1: etcd at h:1 is unreachable: connection refused";
        assert_eq!(degraded(None, &before), format!("not shown: {why}"));
        assert_eq!(
            degraded(Some(&before), &before),
            format!("shown, as far as is known: {why}")
        );
        let after = ServiceInstance::builder("1", "n").version("2");
        let after = after.metadata("note", "secret").build().unwrap();
        assert_eq!(
            degraded(Some(&before), &after),
            format!(
                "shown as before the change of its version, metadata 'note', metadata 'old': {why}"
            )
        );
        let many = (0..5).fold(before.to_builder(), |b, n| b.metadata(n.to_string(), "x"));
        let line = degraded(Some(&before), &many.build().unwrap());
        assert!(line.contains("'0', metadata '1', metadata '2', 2 more entries: "));
        assert_eq!(RegistrationState::Withdrawn.to_string(), "deregistered");
    }
}
