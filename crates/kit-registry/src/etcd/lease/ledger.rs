//! What was asked of etcd, written down before it is asked: calls may be dropped at any await.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{backoff::random_bits, etcd::duration};

/// Leases that ended are kept so that they are revoked once more: a grant sent twice may arrive
/// after the end. Nothing is on its way for as long as this many leases last.
const KEEP_LEASES: usize = 16;

/// The accounts of all keys. Invariant: a lease is in its account before any call names it.
#[derive(Default)]
pub(in crate::etcd) struct Ledger {
    accounts: Mutex<HashMap<String, Account>>,
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
    /// What was shown last; none before the first success.
    shown: Option<Shown>,
}

/// What was put.
#[derive(Clone)]
pub(in crate::etcd) struct Shown {
    pub(in crate::etcd) lease: i64,
    /// As granted.
    pub(in crate::etcd) ttl: std::time::Duration,
    pub(in crate::etcd) revision: i64,
    pub(in crate::etcd) value: String,
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

    pub(super) fn granted(&self, key: &str, lease: i64, ttl: i64) {
        self.with(key, |account| {
            if account.leases.last() == Some(&lease) {
                account.granted = Some(ttl);
            }
        });
    }

    /// The lease has ended: the next one is new.
    pub(super) fn lease_gone(&self, key: &str, lease: i64) {
        self.with(key, |account| {
            if account.leases.last() == Some(&lease) {
                account.granted = None;
                account.choose();
            }
        });
    }

    /// Whether this process has ever shown the key.
    pub(super) fn has_owned(&self, key: &str) -> bool {
        self.with(key, |account| account.shown.is_some())
            .unwrap_or(false)
    }

    pub(super) fn put_begins<'a>(&'a self, key: &'a str) -> Doubt<'a> {
        self.with(key, |account| {
            account.put = true;
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
    }

    fn with<T>(&self, key: &str, f: impl FnOnce(&mut Account) -> T) -> Option<T> {
        self.accounts().get_mut(key).map(f)
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
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
