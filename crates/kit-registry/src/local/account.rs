//! What this view has written for one instance. A call may be dropped while its write runs on a thread:
//! the account decides whether that write still counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::ServiceInstance;

/// The accounts of all files of one view.
#[derive(Default)]
pub(super) struct FileAccounts {
    accounts: Mutex<HashMap<String, Arc<FileAccount>>>,
}

/// The account of one file.
#[derive(Default)]
pub(super) struct FileAccount {
    /// Counts the deregistrations. A write that began before the last one is void: it compares this
    /// under the lock of the book, which the deregistration takes after it has counted.
    epoch: AtomicU64,
    book: Mutex<FileBook>,
    /// Whether the file is there and ours, as far as is known.
    is_shown: watch::Sender<bool>,
}

/// Locked for as long as a write takes, by threads that may block alone.
#[derive(Default)]
pub(super) struct FileBook {
    /// The value that was written last.
    pub(super) written: Option<ServiceInstance>,
}

impl FileAccounts {
    /// The account of a file, which is made when there is none.
    pub(super) fn account(&self, name: &str) -> Arc<FileAccount> {
        let mut accounts = kit_sync::lock(&self.accounts);
        Arc::clone(accounts.entry(name.to_owned()).or_default())
    }

    /// The account of a file for which anything was asked.
    pub(super) fn known(&self, name: &str) -> Option<Arc<FileAccount>> {
        kit_sync::lock(&self.accounts).get(name).cloned()
    }

    /// Drops an account that nothing but `account` uses.
    pub(super) fn close(&self, name: &str, account: &Arc<FileAccount>) {
        let mut accounts = kit_sync::lock(&self.accounts);
        // Accounts are handed out under this lock: the count cannot grow meanwhile.
        if Arc::strong_count(account) <= 2 {
            accounts.remove(name);
        }
    }
}

impl FileAccount {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// From here on the writes that have begun are void, unless they have the lock already.
    pub(super) fn void_writes(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn book(&self) -> MutexGuard<'_, FileBook> {
        kit_sync::lock(&self.book)
    }

    pub(super) fn set_shown(&self, is_shown: bool) {
        self.is_shown
            .send_if_modified(|shown| std::mem::replace(shown, is_shown) != is_shown);
    }

    /// Waits until the file is there and ours.
    pub(super) async fn shown(&self) {
        let mut is_shown = self.is_shown.subscribe();
        // The account has the sender.
        let _: Result<_, _> = is_shown.wait_for(|is_shown| *is_shown).await;
    }
}
