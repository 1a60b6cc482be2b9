//! The writing side of a directory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_sync::Scope;
use tokio::time::sleep;

use super::account::{FileAccount, FileAccounts};
use super::directory::{Directory, FoundFile};
use super::entry::{FileEntry, name_of};
use super::upstream::LocalDiscovery;
use crate::random::random_bits;
use crate::{Discovery, Error, LossReason, Registrar, Remarks, ServiceInstance};

/// Writes the files of one view's instances.
pub(super) struct LocalRegistrar {
    writer: Arc<FileWriter>,
    discovery: Arc<LocalDiscovery>,
    remarks: Remarks,
    scope: Scope,
}

/// What runs on threads that may block.
struct FileWriter {
    directory: Arc<Directory>,
    discovery: Arc<LocalDiscovery>,
    ttl: Duration,
    /// The name of this view in files.
    owner: String,
    ledger: FileAccounts,
}

/// How a file differs from the value that was written.
enum Difference {
    None,
    Lost(LossReason),
}

impl LocalRegistrar {
    pub(super) fn new(
        directory: Arc<Directory>,
        ttl: Duration,
        discovery: Arc<LocalDiscovery>,
        remarks: Remarks,
        scope: Scope,
    ) -> LocalRegistrar {
        let writer = FileWriter {
            directory,
            discovery: Arc::clone(&discovery),
            ttl,
            owner: format!("{}-{:016x}", std::process::id(), random_bits()),
            ledger: FileAccounts::default(),
        };
        LocalRegistrar {
            writer: Arc::new(writer),
            discovery,
            remarks,
            scope,
        }
    }

    /// Runs a part of an attempt on a thread.
    async fn block<T: Send + 'static>(
        &self,
        attempt: &str,
        work: impl FnOnce(&FileWriter) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let writer = Arc::clone(&self.writer);
        let done = self
            .scope
            .spawn_blocking("file", move |_stop| Ok(work(&writer)));
        done.await
            .unwrap_or_else(|_ended| Err(Error::closed(attempt)))
    }
}

#[async_trait]
impl Registrar for LocalRegistrar {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let account = self.writer.ledger.account(&name_of(instance));
        let (epoch, instance) = (account.epoch(), instance.clone());
        let attempt = format!("register {instance}");
        let named = attempt.clone();
        self.block(&attempt, move |writer| {
            writer.register(&named, &account, epoch, instance)
        })
        .await
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        let name = name_of(instance);
        let attempt = format!("keep alive {instance}");
        let account = self.writer.ledger.account(&name);
        loop {
            account.shown().await;
            let (named, account, name) = (attempt.clone(), Arc::clone(&account), name.clone());
            let touched = self
                .block(&attempt, move |writer| {
                    writer.touch(&named, &account, &name)
                })
                .await;
            match touched {
                Ok(Difference::None) => sleep(self.writer.ttl / 3).await,
                Ok(Difference::Lost(LossReason::Missing)) => return LossReason::Expired,
                Ok(Difference::Lost(reason)) => return reason,
                Err(error) => return LossReason::Unreachable(error.into()),
            }
        }
    }

    /// Looks at the file each time that the list of its service has changed.
    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let name = name_of(instance);
        let attempt = format!("watch {instance}");
        let account = self.writer.ledger.account(&name);
        let mut watch = match self.discovery.watch(instance.name()).await {
            Ok(watch) => watch,
            Err(error) => return LossReason::Unreachable(error.into()),
        };
        loop {
            if watch.next().await.is_err() {
                // The end of the scope is no loss.
                return std::future::pending().await;
            }
            let (named, account, name) = (attempt.clone(), Arc::clone(&account), name.clone());
            let looked = self
                .block(&attempt, move |writer| writer.look(&named, &account, &name))
                .await;
            match looked {
                Ok(Difference::Lost(reason)) => return reason,
                // A file that cannot be read is looked at again; that it is alive is for `keep_alive`.
                Ok(Difference::None) | Err(_) => {}
            }
        }
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let name = name_of(instance);
        let Some(account) = self.writer.ledger.known(&name) else {
            return Ok(());
        };
        account.void_writes();
        let attempt = format!("deregister {instance}");
        let named = attempt.clone();
        self.block(&attempt, move |writer| {
            writer.deregister(&named, &account, &name)
        })
        .await
    }

    fn remarks(&self) -> Remarks {
        self.remarks.clone()
    }
}

impl FileWriter {
    fn error(&self, attempt: &str) -> impl Fn(io::Error) -> Error {
        move |error| self.directory.error(attempt, error)
    }

    /// Writes the file, unless the call is void by now. An owner that wrote it before and finds another
    /// living one steps back; the first time it takes the id over.
    fn register(
        &self,
        attempt: &str,
        account: &FileAccount,
        epoch: u64,
        instance: ServiceInstance,
    ) -> Result<(), Error> {
        let mut book = account.book();
        if account.epoch() != epoch {
            return Err(Error::closed(attempt));
        }
        let name = name_of(&instance);
        let entry = FileEntry {
            owner: self.owner.clone(),
            ttl: self.ttl,
            instance,
        };
        let json = entry
            .to_json()
            .map_err(io::Error::from)
            .map_err(self.error(attempt))?;
        self.directory.ensure().map_err(self.error(attempt))?;
        let _lock = self.directory.lock().map_err(self.error(attempt))?;
        if book.written.is_some()
            && let Some(found) = self.directory.find(&name).map_err(self.error(attempt))?
            && self.is_others(&found, &name)
        {
            account.set_shown(false);
            let by = taken_over(&found);
            return Err(Error::lost(&entry.instance, by));
        }
        self.directory
            .replace(&name, &json)
            .map_err(self.error(attempt))?;
        book.written = Some(entry.instance);
        account.set_shown(true);
        Ok(())
    }

    /// Touches the file if it is ours.
    fn touch(&self, attempt: &str, account: &FileAccount, name: &str) -> Result<Difference, Error> {
        let _book = account.book();
        let difference = match self.directory.find(name).map_err(self.error(attempt))? {
            None => Difference::Lost(LossReason::Missing),
            Some(found) if found.entry.owner != self.owner => Difference::Lost(taken_over(&found)),
            Some(_) => {
                self.directory.touch(name).map_err(self.error(attempt))?;
                Difference::None
            }
        };
        if matches!(difference, Difference::Lost(_)) {
            account.set_shown(false);
        }
        Ok(difference)
    }

    fn look(&self, attempt: &str, account: &FileAccount, name: &str) -> Result<Difference, Error> {
        let book = account.book();
        let found = self.directory.find(name).map_err(self.error(attempt))?;
        Ok(match found {
            None => Difference::Lost(LossReason::Missing),
            Some(found) if found.entry.owner != self.owner => Difference::Lost(taken_over(&found)),
            Some(found) if book.written.as_ref() == Some(&found.entry.instance) => Difference::None,
            Some(_) => Difference::Lost(LossReason::Changed),
        })
    }

    /// Removes the file if it is ours. The lock of the book is free once a write that has begun is done,
    /// and no other begins.
    fn deregister(
        &self,
        attempt: &str,
        account: &Arc<FileAccount>,
        name: &str,
    ) -> Result<(), Error> {
        let mut book = account.book();
        account.set_shown(false);
        if book.written.is_some() && !self.directory.is_gone() {
            let _lock = self.directory.lock().map_err(self.error(attempt))?;
            let found = self.directory.find(name).map_err(self.error(attempt))?;
            if found.is_some_and(|found| found.entry.owner == self.owner) {
                self.directory.remove(name).map_err(self.error(attempt))?;
            }
        }
        book.written = None;
        drop(book);
        self.ledger.close(name, account);
        Ok(())
    }

    /// Whether the file is that of another living process.
    fn is_others(&self, found: &FoundFile, name: &str) -> bool {
        let FileEntry { owner, ttl, .. } = &found.entry;
        let sightings = self.discovery.sightings();
        *owner != self.owner && sightings.is_alive(name, found.touched, *ttl)
    }
}

fn taken_over(found: &FoundFile) -> LossReason {
    let process = found.entry.owner.split('-').next().unwrap_or_default();
    LossReason::TakenOver {
        by: format!("process {process}"),
    }
}
