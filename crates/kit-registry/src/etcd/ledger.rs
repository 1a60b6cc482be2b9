//! The requests to etcd, written down before they are sent: calls may be dropped at any await.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

use super::units::duration;
use crate::random::random_bits;

/// Leases that ended are kept so that they are revoked once more: a grant that was sent twice may
/// arrive after the end of its lease. No call is on its way for as long as this many leases last.
const KEEP_LEASES: usize = 16;

/// The accounts of all keys. Invariant: a lease is in its account before any call names it.
#[derive(Default)]
pub(super) struct Ledger {
    accounts: Mutex<HashMap<String, Arc<Account>>>,
}

/// The account of one key: its leases, its puts, and the value that was put last.
#[derive(Default)]
pub(super) struct Account {
    book: Mutex<Book>,
    /// Sent after each change of a lease, and after the lock was released.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Book {
    /// Every lease that was ever asked for, the present one last.
    leases: Vec<i64>,
    /// The length of the present lease in seconds, once it was granted.
    granted: Option<i64>,
    /// Whether a put was ever sent.
    has_put: bool,
    /// The number of puts without an answer.
    doubts: usize,
    /// The value of the last put that was sent.
    sent: Option<String>,
    /// The last put that was confirmed.
    shown: Option<Shown>,
    /// Whether the key may be written but not read, as far as is known.
    is_blind: bool,
}

/// A put that was confirmed.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) lease: Lease,
    pub(super) revision: i64,
    value: String,
}

/// A lease that was granted, with its length.
#[derive(Clone, Copy)]
pub(super) struct Lease {
    pub(super) id: i64,
    pub(super) ttl: Duration,
}

/// A put on its way.
#[must_use = "a put is in doubt until it is settled"]
pub(super) struct Doubt<'a>(&'a Account);

impl Ledger {
    /// The account of `key`; an empty one for a key that has none.
    pub(super) fn account(&self, key: &str) -> Arc<Account> {
        let mut accounts = self.accounts();
        match accounts.get(key) {
            Some(account) => Arc::clone(account),
            None => Arc::clone(accounts.entry(key.to_owned()).or_default()),
        }
    }

    /// Empties the account of `key`, and drops it when nothing but `account` uses it.
    pub(super) fn close(&self, key: &str, account: &Arc<Account>) {
        account.clear();
        let mut accounts = self.accounts();
        // Accounts are handed out under this lock: the count cannot grow meanwhile.
        if Arc::strong_count(account) <= 2 {
            accounts.remove(key);
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Arc<Account>>> {
        kit_sync::lock(&self.accounts)
    }
}

impl Account {
    /// The present lease, or the id of a new one.
    pub(super) fn choose_lease(&self) -> i64 {
        let mut book = self.book();
        match book.leases.last() {
            Some(lease) => *lease,
            None => book.add_lease(),
        }
    }

    /// A receiver of the moments at which a lease was granted, replaced or forgotten.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The present lease, once it was granted.
    pub(super) fn granted_lease(&self) -> Option<Lease> {
        let book = self.book();
        let (id, ttl) = (*book.leases.last()?, book.granted?);
        let ttl = duration(ttl);
        Some(Lease { id, ttl })
    }

    /// Whether the grant of this lease may have been sent, and was not answered.
    pub(super) fn is_grant_in_doubt(&self, lease: i64) -> bool {
        let book = self.book();
        book.leases.last() == Some(&lease) && book.granted.is_none()
    }

    pub(super) fn record_grant(&self, lease: i64, seconds: i64) {
        let mut book = self.book();
        if book.leases.last() == Some(&lease) {
            book.granted = Some(seconds);
        }
        drop(book);
        self.changes.send_replace(());
    }

    /// The lease has ended: the next one is new. Returns whether `lease` was the present one.
    pub(super) fn replace_lease(&self, lease: i64) -> bool {
        let mut book = self.book();
        let is_present = book.leases.last() == Some(&lease);
        if is_present {
            book.granted = None;
            book.add_lease();
        }
        drop(book);
        self.changes.send_replace(());
        is_present
    }

    /// Notes a put that is about to be sent.
    pub(super) fn begin_put(&self, value: &str) -> Doubt<'_> {
        let mut book = self.book();
        book.has_put = true;
        book.sent = Some(value.to_owned());
        book.doubts += 1;
        Doubt(self)
    }

    pub(super) fn record_shown(&self, lease: i64, revision: i64, value: &str) {
        let mut book = self.book();
        if !book.leases.contains(&lease) {
            // The account was emptied meanwhile.
            return;
        }
        let ttl = duration(book.granted.unwrap_or(0));
        book.shown = Some(Shown {
            lease: Lease { id: lease, ttl },
            revision,
            value: value.to_owned(),
        });
    }

    /// The last put that was confirmed; `None` when this process has never shown the key.
    pub(super) fn last_shown(&self) -> Option<Shown> {
        self.book().shown.clone()
    }

    /// Whether a value is the last one that this process has put, confirmed or not.
    pub(super) fn is_own_put(&self, lease: i64, value: &[u8]) -> bool {
        let book = self.book();
        let shown = book.shown.as_ref().map(|shown| &shown.value);
        book.leases.contains(&lease)
            && (book.sent.iter().chain(shown)).any(|own| own.as_bytes() == value)
    }

    /// Notes whether the key may be read; returns whether that has changed.
    pub(super) fn set_blind(&self, is_blind: bool) -> bool {
        mem::replace(&mut self.book().is_blind, is_blind) != is_blind
    }

    /// Whether no put was ever sent.
    pub(super) fn is_untouched(&self) -> bool {
        !self.book().has_put
    }

    /// Whether a put is without an answer.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.book().doubts > 0
    }

    /// Every lease, the present one first: the key is under it.
    pub(super) fn leases(&self) -> Vec<i64> {
        self.book().leases.iter().rev().copied().collect()
    }

    fn clear(&self) {
        *self.book() = Book::default();
        self.changes.send_replace(());
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        kit_sync::lock(&self.book)
    }
}

impl Book {
    fn add_lease(&mut self) -> i64 {
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
    /// The put was answered.
    pub(super) fn settle(self) {
        let mut book = self.0.book();
        book.doubts = book.doubts.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Ledger;

    #[test]
    fn a_put_without_an_answer_is_in_doubt() {
        let ledger = Ledger::default();
        let account = ledger.account("key");
        account.choose_lease();
        account.begin_put("value").settle();
        assert!(!account.is_in_doubt());
        // Its call was dropped, or timed out.
        let _ = account.begin_put("value");
        assert!(account.is_in_doubt());
        // The answer to a later put does not settle that one.
        account.begin_put("value").settle();
        assert!(account.is_in_doubt() && !ledger.account("other").is_in_doubt());
    }

    #[test]
    fn what_is_forgotten_begins_anew() {
        let ledger = Ledger::default();
        let account = ledger.account("key");
        let first = account.choose_lease();
        account.record_grant(first, 15);
        account.begin_put("value").settle();
        account.record_shown(first, 7, "value");
        assert!(account.last_shown().is_some() && !account.is_untouched());

        ledger.close("key", &account);
        let account = ledger.account("key");
        assert!(account.last_shown().is_none() && account.is_untouched());
        assert_eq!(account.leases(), [0; 0]);
        assert!(account.choose_lease() != first && account.granted_lease().is_none());
    }

    #[test]
    fn an_account_that_is_in_use_stays_the_account_of_its_key() {
        let ledger = Ledger::default();
        let (one, other) = (ledger.account("key"), ledger.account("key"));
        let mut changes = other.changes();
        ledger.close("key", &one);
        assert!(changes.has_changed().is_ok_and(|changed| changed));
        changes.mark_unchanged();
        let lease = ledger.account("key").choose_lease();
        assert!(other.is_grant_in_doubt(lease) && !other.is_grant_in_doubt(lease ^ 1));
        ledger.account("key").record_grant(lease, 15);
        assert!(!other.is_grant_in_doubt(lease));
        assert!(changes.has_changed().is_ok_and(|changed| changed));
        assert!(
            other
                .granted_lease()
                .is_some_and(|granted| granted.id == lease)
        );

        drop(one);
        ledger.close("key", &other);
        assert!(!Arc::ptr_eq(&other, &ledger.account("key")));
    }
}
