//! Reading the directory. Entries are remembered between two looks: a file that was not touched is not
//! read again, and its age is counted by the clock of this process, which does not jump.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::directory::Directory;
use super::entry::{FileEntry, is_entry_name, name_of, prefix_of};
use crate::{Remarks, ServiceInstance, ServiceName};

/// The number of foreign files that a remark names.
const NAMED: usize = 3;

/// The files as they were seen last.
pub(super) struct Sightings {
    directory: Arc<Directory>,
    remarks: Remarks,
    files: Mutex<HashMap<String, Sighting>>,
}

/// A file as it was seen.
struct Sighting {
    state: FileState,
    /// The moment of the last look.
    looked: Instant,
    /// The moment at which its entry runs out unless it is touched.
    ends: Instant,
    /// `None` for contents that are no entry.
    entry: Option<Arc<ServiceInstance>>,
    ttl: Duration,
}

/// When an entry runs out unless it is touched, its `ttl`, and the instance.
type Glimpse = (Instant, Duration, Option<Arc<ServiceInstance>>);

/// The state of a file, which differs after each write and each touch.
#[derive(PartialEq, Eq)]
struct FileState {
    touched: SystemTime,
    length: u64,
    /// Two files that were written at one moment, as far as the file system tells.
    number: u64,
}

impl FileState {
    fn of(data: &Metadata) -> FileState {
        FileState {
            touched: data.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            length: data.len(),
            number: number_of(data),
        }
    }
}

/// The number of the file in its file system.
#[cfg(unix)]
fn number_of(data: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

/// The number of the file in its file system: none here.
#[cfg(not(unix))]
fn number_of(_data: &Metadata) -> u64 {
    0
}

/// The living entries of one service.
pub(super) struct LivingEntries {
    pub(super) instances: Vec<Arc<ServiceInstance>>,
    /// The first moment at which one of them may run out.
    pub(super) next_end: Option<Instant>,
}

impl Sightings {
    pub(super) fn new(directory: Arc<Directory>, remarks: Remarks) -> Sightings {
        Sightings {
            directory,
            remarks,
            files: Mutex::default(),
        }
    }

    /// Looks at every file of a service. Blocks.
    ///
    /// A directory that is not there is made, so that there is something to watch: it may be the first
    /// start on this machine, or the directory was removed. Files that are no entries are remarked once
    /// for each content, and left alone; entries that ran out long ago are deleted, when that may be done.
    ///
    /// # Errors
    /// When the directory cannot be made or read, or a file of the service not, as without a free descriptor: a list
    /// without its instance would say that it has left.
    pub(super) fn list(&self, service: &ServiceName) -> io::Result<LivingEntries> {
        self.directory.ensure()?;
        let prefix = prefix_of(service);
        let now = Instant::now();
        let mut files = kit_sync::lock(&self.files);
        let mut seen = BTreeMap::new();
        let mut present = HashSet::new();
        let mut foreign = BTreeSet::new();
        let mut remarks = Vec::new();
        for file in fs::read_dir(self.directory.path())? {
            let file = file?;
            let Some(name) = file.file_name().to_str().map(str::to_owned) else {
                foreign.insert(file.file_name().to_string_lossy().into_owned());
                continue;
            };
            if name.starts_with('.') {
                self.directory.clear(&name);
            } else if !is_entry_name(&name) {
                foreign.insert(name);
            } else {
                if name.starts_with(&prefix)
                    && let Some(sighting) = self.look_at(&mut files, &name, now, &mut remarks)?
                {
                    seen.insert(name.clone(), sighting);
                }
                present.insert(name);
            }
        }
        remarks.extend(remark_foreign(&mut files, &foreign));
        files.retain(|name, _| present.contains(name) || foreign.contains(name));
        drop(files);
        for remark in remarks {
            let registry = self.directory.description();
            self.remarks.add(format!("{registry}: {remark}"));
        }
        let mut listing = LivingEntries {
            instances: Vec::new(),
            next_end: None,
        };
        for (name, (ends, ttl, instance)) in seen {
            let Some(instance) = instance else { continue };
            if ends <= now {
                if now.duration_since(ends) > ttl {
                    self.reap(&name, ttl);
                }
                continue;
            }
            let next = listing.next_end.map_or(ends, |next| next.min(ends));
            listing.next_end = Some(next);
            if instance.name() == service {
                listing.instances.push(instance);
            }
        }
        Ok(listing)
    }

    /// The sighting of a file, which is read when it was touched or written since the last look. `None` for one that
    /// is gone again.
    ///
    /// The age of an entry that is seen for the first time is that of its file. It is 0 for a file from the
    /// future, as after a clock was put back, so such an entry lasts for its `ttl` from the first look.
    fn look_at(
        &self,
        files: &mut HashMap<String, Sighting>,
        name: &str,
        now: Instant,
        remarks: &mut Vec<String>,
    ) -> io::Result<Option<Glimpse>> {
        let data = match fs::symlink_metadata(self.directory.path().join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            data => data?,
        };
        let state = FileState::of(&data);
        let before = files.get_mut(name);
        let mut oldest = Duration::MAX;
        if let Some(before) = before {
            // A touch since the last look is not older than that.
            oldest = now.duration_since(before.looked);
            if before.state == state {
                before.looked = now;
                return Ok(Some((before.ends, before.ttl, before.entry.clone())));
            }
        }
        let entry = match self.read(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let (entry, ttl) = match entry {
            Ok(entry) => (Some(Arc::new(entry.instance)), entry.ttl),
            Err(why) => {
                remarks.push(format!("{name} is ignored, it is no instance: {why}"));
                (None, Duration::ZERO)
            }
        };
        let age = state
            .touched
            .elapsed()
            .unwrap_or(Duration::ZERO)
            .min(oldest);
        let ends = now + ttl.saturating_sub(age);
        let sighting = Sighting {
            state,
            looked: now,
            ends,
            entry: entry.clone(),
            ttl,
        };
        files.insert(name.to_owned(), sighting);
        Ok(Some((ends, ttl, entry)))
    }

    /// The entry in a file, or why it is none: its contents, its kind, or that it is private to another user.
    fn read(&self, name: &str) -> io::Result<Result<FileEntry, String>> {
        let json = match self.directory.read(name) {
            Ok((_, json)) => json,
            Err(error) => match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied => {
                    return Ok(Err(error.to_string()));
                }
                _ => return Err(error),
            },
        };
        Ok(FileEntry::from_json(&json).and_then(|entry| {
            let right = name_of(&entry.instance);
            if right == name {
                Ok(entry)
            } else {
                Err(format!("it is an instance whose file is {right}"))
            }
        }))
    }

    /// Deletes an entry that ran out long ago, unless its owner is back, when the lock is free. Nothing
    /// depends on it, so a failure is none.
    fn reap(&self, name: &str, ttl: Duration) {
        let Ok(Some(_lock)) = self.directory.try_lock() else {
            return;
        };
        if let Ok(Some(found)) = self.directory.find(name)
            && found.touched.elapsed().map_or(true, |age| age > ttl)
        {
            let _: io::Result<()> = self.directory.remove(name);
        }
    }

    /// Whether another process' entry is alive: it was touched within its `ttl`, by the clock of the
    /// machine or as far as this process has seen.
    pub(super) fn is_alive(&self, name: &str, touched: SystemTime, ttl: Duration) -> bool {
        let files = kit_sync::lock(&self.files);
        if let Some(sighting) = files.get(name)
            && sighting.state.touched == touched
        {
            return sighting.ends > Instant::now();
        }
        touched.elapsed().map_or(true, |age| age < ttl)
    }
}

/// One remark on all files that are none of a registry's and were not seen before.
fn remark_foreign(
    files: &mut HashMap<String, Sighting>,
    foreign: &BTreeSet<String>,
) -> Option<String> {
    let now = Instant::now();
    let sighting = || Sighting {
        state: FileState {
            touched: SystemTime::UNIX_EPOCH,
            length: 0,
            number: 0,
        },
        looked: now,
        ends: now,
        entry: None,
        ttl: Duration::ZERO,
    };
    let mut new = Vec::new();
    for name in foreign {
        if files.insert(name.clone(), sighting()).is_none() {
            new.push(name.as_str());
        }
    }
    match &new[..] {
        [] => None,
        [name] => Some(format!("{name} is ignored, it is no file of a registry")),
        names => {
            let named = names[..names.len().min(NAMED)].join(", ");
            let more = match names.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Some(format!(
                "{named}{more} are ignored, they are no files of a registry"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServiceInstance;

    #[test]
    fn files_that_are_gone_are_forgotten_whatever_service_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Arc::new(Directory::new(folder.path().to_owned()));
        let sightings = Sightings::new(Arc::clone(&directory), Remarks::new());
        for service in ["a", "b"] {
            let instance = ServiceInstance::builder("1", service).build().unwrap();
            let (name, service) = (name_of(&instance), instance.name().clone());
            let entry = FileEntry {
                owner: "1-1".to_owned(),
                ttl: Duration::from_secs(10),
                instance,
            };
            directory.replace(&name, &entry.to_json().unwrap()).unwrap();
            assert_eq!(sightings.list(&service).unwrap().instances.len(), 1);
            let seen = kit_sync::lock(&sightings.files);
            assert_eq!(seen.keys().collect::<Vec<_>>(), [&name]);
            directory.remove(&name).unwrap();
        }
    }
}
