//! What was asked of etcd, written down before it is asked: calls may be dropped at any await.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use crate::backoff::random_bits;
use crate::etcd::duration;

/// Leases that ended are kept so that they are revoked once more: a grant sent twice may arrive
/// after the end. Nothing is on its way for as long as this many leases last.
const KEEP_LEASES: usize = 16;

/// The accounts of all keys. Invariant: a lease is in its account before any call names it.
#[derive(Default)]
pub(in crate::etcd) struct Ledger {
    accounts: Mutex<HashMap<String, Account>>,
    /// Sent after each change of a lease, and after the lock was released.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Account {
    /// All that were ever asked for, the present one last.
    leases: Vec<i64>,
    /// Whether the present one was granted, and for how many seconds.
    granted: Option<i64>,
    /// Whether a put was ever sent.
    put: bool,
    /// Puts without an answer.
    doubts: usize,
    /// The value of the last one that was sent.
    sent: Option<String>,
    /// What was shown last; none before the first success.
    shown: Option<Shown>,
    /// Whether the key may be written but not read, as far as is known.
    is_blind: bool,
}

/// What was put.
#[derive(Clone)]
pub(in crate::etcd) struct Shown {
    pub(in crate::etcd) lease: i64,
    /// As granted.
    pub(in crate::etcd) ttl: Duration,
    pub(in crate::etcd) revision: i64,
    value: String,
}

/// A lease that was granted.
#[derive(Clone, Copy)]
pub(in crate::etcd) struct Lease {
    pub(in crate::etcd) id: i64,
    pub(in crate::etcd) ttl: Duration,
}

/// A lease to be used next.
pub(super) struct Chosen {
    pub(super) lease: i64,
    pub(super) granted: bool,
}

/// A put on its way.
#[must_use = "a put is in doubt until it is settled"]
pub(super) struct Doubt<'a> {
    ledger: &'a Ledger,
    key: &'a str,
}

impl Ledger {
    /// The present lease, or a new id.
    pub(super) fn lease(&self, key: &str) -> Chosen {
        let mut accounts = self.accounts();
        let account = accounts.entry(key.to_owned()).or_default();
        let lease = match account.leases.last() {
            Some(lease) => *lease,
            None => account.choose(),
        };
        let granted = account.granted.is_some();
        Chosen { lease, granted }
    }

    /// Tells when leases were granted, ended or forgotten.
    pub(in crate::etcd) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The present lease, once it was granted.
    pub(in crate::etcd) fn granted_lease(&self, key: &str) -> Option<Lease> {
        self.with(key, |account| {
            let (id, ttl) = (*account.leases.last()?, account.granted?);
            let ttl = duration(ttl);
            Some(Lease { id, ttl })
        })
        .flatten()
    }

    pub(super) fn granted(&self, key: &str, lease: i64, ttl: i64) {
        self.with(key, |account| {
            if account.leases.last() == Some(&lease) {
                account.granted = Some(ttl);
            }
        });
        self.changes.send_replace(());
    }

    /// The lease has ended: the next one is new. Returns whether it was the present one.
    pub(in crate::etcd) fn lease_gone(&self, key: &str, lease: i64) -> bool {
        let was_present = self.with(key, |account| {
            let is_present = account.leases.last() == Some(&lease);
            if is_present {
                account.granted = None;
                account.choose();
            }
            is_present
        });
        self.changes.send_replace(());
        was_present.unwrap_or(false)
    }

    /// Whether this process has ever shown the key.
    pub(super) fn has_owned(&self, key: &str) -> bool {
        self.with(key, |account| account.shown.is_some())
            .unwrap_or(false)
    }

    pub(super) fn put_begins<'a>(&'a self, key: &'a str, value: &str) -> Doubt<'a> {
        self.with(key, |account| {
            account.put = true;
            account.sent = Some(value.to_owned());
            account.doubts += 1;
        });
        Doubt { ledger: self, key }
    }

    pub(super) fn shown(&self, key: &str, lease: i64, revision: i64, value: &str) {
        self.with(key, |account| {
            account.shown = Some(Shown {
                lease,
                ttl: duration(account.granted.unwrap_or(0)),
                revision,
                value: value.to_owned(),
            });
        });
    }

    pub(in crate::etcd) fn last_shown(&self, key: &str) -> Option<Shown> {
        self.with(key, |account| account.shown.clone()).flatten()
    }

    /// Whether a value is what this process has put last, confirmed or not.
    pub(in crate::etcd) fn is_own_put(&self, key: &str, lease: i64, value: &[u8]) -> bool {
        self.with(key, |account| {
            let shown = account.shown.as_ref().map(|shown| &shown.value);
            account.leases.contains(&lease)
                && (account.sent.iter().chain(shown)).any(|own| own.as_bytes() == value)
        })
        .unwrap_or(false)
    }

    /// Keeps whether the key may be read; returns whether that is news.
    pub(super) fn set_blind(&self, key: &str, is_blind: bool) -> bool {
        self.with(key, |account| {
            std::mem::replace(&mut account.is_blind, is_blind) != is_blind
        })
        .unwrap_or(false)
    }

    /// Whether no put was ever sent.
    pub(super) fn is_untouched(&self, key: &str) -> bool {
        self.with(key, |account| !account.put).unwrap_or(true)
    }

    pub(super) fn in_doubt(&self, key: &str) -> bool {
        self.with(key, |account| account.doubts > 0)
            .unwrap_or(false)
    }

    /// The present one first: it has the key.
    pub(super) fn leases(&self, key: &str) -> Vec<i64> {
        self.with(key, |account| {
            account.leases.iter().rev().copied().collect()
        })
        .unwrap_or_default()
    }

    pub(super) fn forget(&self, key: &str) {
        self.accounts().remove(key);
        self.changes.send_replace(());
    }

    fn with<T>(&self, key: &str, f: impl FnOnce(&mut Account) -> T) -> Option<T> {
        self.accounts().get_mut(key).map(f)
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        kit_sync::lock(&self.accounts)
    }
}

impl Account {
    fn choose(&mut self) -> i64 {
        // Positive, and not the 0 that means "none".
        let lease = (random_bits() >> 1).max(1).cast_signed();
        if self.leases.len() == KEEP_LEASES {
            self.leases.remove(0);
        }
        self.leases.push(lease);
        lease
    }
}

impl Doubt<'_> {
    pub(super) fn settled(self) {
        self.ledger.with(self.key, |account| {
            account.doubts = account.doubts.saturating_sub(1);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn a_put_without_an_answer_is_in_doubt() {
        let ledger = Ledger::default();
        ledger.lease("key");
        ledger.put_begins("key", "value").settled();
        assert!(!ledger.in_doubt("key"));
        // Its call was dropped, or timed out.
        let _ = ledger.put_begins("key", "value");
        assert!(ledger.in_doubt("key"));
        // The answer to a later one says nothing of that one.
        ledger.put_begins("key", "value").settled();
        assert!(ledger.in_doubt("key") && !ledger.in_doubt("other"));
    }

    #[test]
    fn what_is_forgotten_begins_anew() {
        let ledger = Ledger::default();
        let first = ledger.lease("key").lease;
        ledger.granted("key", first, 15);
        ledger.put_begins("key", "value").settled();
        ledger.shown("key", first, 7, "value");
        assert!(ledger.has_owned("key") && !ledger.is_untouched("key"));

        ledger.forget("key");
        assert!(!ledger.has_owned("key") && ledger.is_untouched("key"));
        assert!(ledger.last_shown("key").is_none());
        assert_eq!(ledger.leases("key"), [0; 0]);
        let next = ledger.lease("key");
        assert!(next.lease != first && !next.granted);
    }
}
