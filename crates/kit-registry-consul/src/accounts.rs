//! What this process has written, noted before it is sent: calls may be dropped at any await.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use kit_registry::ServiceInstance;
use tokio::sync::watch;

/// The accounts of all entries, by their ids.
#[derive(Default)]
pub(crate) struct Accounts {
    all: Mutex<HashMap<String, Arc<Account>>>,
}

/// The account of one entry.
#[derive(Default)]
pub(crate) struct Account {
    book: Mutex<Book>,
    /// Whether the entry is ours, and so to be kept alive.
    is_ours: watch::Sender<bool>,
}

#[derive(Default)]
struct Book {
    /// Whether a write was ever sent.
    has_written: bool,
    /// The number of writes and beats without an answer.
    doubts: usize,
    /// The value of the last write that was sent.
    sent: Option<ServiceInstance>,
    /// Whether a write was ever confirmed.
    has_shown: bool,
}

/// A request on its way.
#[must_use = "a request is in doubt until it is settled"]
pub(crate) struct Doubt<'a>(&'a Account);

impl Accounts {
    /// The account of an entry; an empty one for an entry that has none.
    pub(crate) fn of(&self, id: &str) -> Arc<Account> {
        let mut all = self.all();
        match all.get(id) {
            Some(account) => Arc::clone(account),
            None => Arc::clone(all.entry(id.to_owned()).or_default()),
        }
    }

    /// Empties an account, and drops it when nothing but `account` uses it.
    pub(crate) fn close(&self, id: &str, account: &Arc<Account>) {
        *account.book() = Book::default();
        account.is_ours.send_replace(false);
        let mut all = self.all();
        // Accounts are handed out under this lock: the count cannot grow meanwhile.
        if Arc::strong_count(account) <= 2 {
            all.remove(id);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Account>>> {
        kit_sync::lock(&self.all)
    }
}

impl Account {
    pub(crate) fn begin_write(&self, instance: &ServiceInstance) -> Doubt<'_> {
        let mut book = self.book();
        book.has_written = true;
        book.sent = Some(instance.clone());
        book.doubts += 1;
        Doubt(self)
    }

    pub(crate) fn begin_beat(&self) -> Doubt<'_> {
        self.book().doubts += 1;
        Doubt(self)
    }

    pub(crate) fn record_shown(&self) {
        self.book().has_shown = true;
        self.is_ours.send_replace(true);
    }

    /// The entry is not there any more, or belongs to another process.
    pub(crate) fn record_loss(&self) {
        self.is_ours.send_replace(false);
    }

    pub(crate) fn has_written(&self) -> bool {
        self.book().has_written
    }

    pub(crate) fn has_shown(&self) -> bool {
        self.book().has_shown
    }

    pub(crate) fn is_in_doubt(&self) -> bool {
        self.book().doubts > 0
    }

    /// Whether this is the last value that was sent, also without an answer.
    pub(crate) fn is_last_sent(&self, instance: &ServiceInstance) -> bool {
        self.book().sent.as_ref() == Some(instance)
    }

    /// A receiver of whether the entry is ours.
    pub(crate) fn ours(&self) -> watch::Receiver<bool> {
        self.is_ours.subscribe()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        kit_sync::lock(&self.book)
    }
}

impl Doubt<'_> {
    /// The request was answered.
    pub(crate) fn settle(self) {
        let mut book = self.0.book();
        book.doubts = book.doubts.saturating_sub(1);
    }
}
