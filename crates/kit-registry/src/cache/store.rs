//! The directory of lists. Everything here blocks.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::contents;
use crate::redacted::redacted;
use crate::{Remarks, ServiceInstance, ServiceName, files};

/// The number of files in a directory, of all its registries.
const MOST_FILES: usize = 1_000;
/// The bytes of a file.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
const ENDING: &str = ".instances";

/// The lists of one registry.
#[derive(Debug)]
pub(super) struct ListFiles {
    /// Without passwords.
    registry: String,
    directory: PathBuf,
    remarks: Remarks,
    /// The files that were remarked and are not replaced yet.
    remarked: Mutex<BTreeSet<String>>,
    most_files: usize,
    most_bytes: u64,
}

/// A list that was kept.
#[derive(Debug, PartialEq)]
pub(super) struct KeptList {
    pub(super) instances: Vec<Arc<ServiceInstance>>,
    /// The time since the registry gave it.
    pub(super) age: Duration,
}

impl ListFiles {
    pub(super) fn new(registry: &str, directory: PathBuf, remarks: Remarks) -> ListFiles {
        ListFiles {
            registry: identity(registry),
            directory,
            remarks,
            remarked: Mutex::default(),
            most_files: MOST_FILES,
            most_bytes: MOST_BYTES,
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Replaces the list of a service. When more files are there than may be, the oldest are removed.
    ///
    /// # Errors
    /// The list that was kept before stays then, with its age.
    pub(super) fn keep(
        &self,
        service: &ServiceName,
        instances: &[Arc<ServiceInstance>],
    ) -> io::Result<()> {
        let written = contents::write(&self.registry, service, instances)?;
        let (bytes, most) = (written.len() as u64, self.most_bytes);
        if bytes > most {
            let text = format!("the list has {bytes} bytes, of at most {most}");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        files::ensure_directory(&self.directory)?;
        let name = self.name(service);
        let is_new = !self.directory.join(&name).exists();
        files::replace(&self.directory, &name, &written)?;
        kit_sync::lock(&self.remarked).remove(&name);
        if is_new {
            self.remove_oldest()?;
        }
        Ok(())
    }

    /// The list that was kept last is that of the registry now.
    ///
    /// # Errors
    /// Also when it is not there any more.
    pub(super) fn confirm(&self, service: &ServiceName) -> io::Result<()> {
        let path = self.directory.join(self.name(service));
        if !fs::symlink_metadata(&path)?.is_file() {
            // To open a pipe has no limit.
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_modified(SystemTime::now())
    }

    /// The list of a service, if one was kept that can be read. Another file is remarked, once until it is
    /// replaced. A file from the future, as after a clock was put back, has the age zero.
    pub(super) fn load(&self, service: &ServiceName) -> Option<KeptList> {
        let name = self.name(service);
        match self.read(&name, service) {
            Ok(kept) => kept,
            Err(why) => {
                if kit_sync::lock(&self.remarked).insert(name.clone()) {
                    let path = self.directory.join(name);
                    let path = path.display();
                    self.remarks
                        .add(format!("cache of instances: {path} is ignored: {why}"));
                }
                None
            }
        }
    }

    fn read(&self, name: &str, service: &ServiceName) -> Result<Option<KeptList>, String> {
        let path = self.directory.join(name);
        let (data, written) = match files::read(&path, self.most_bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| error.to_string())?,
        };
        let modified = data.modified().map_err(|error| error.to_string())?;
        let instances = contents::read(&written, &self.registry, service)?;
        let age = modified.elapsed().unwrap_or_default();
        Ok(Some(KeptList { instances, age }))
    }

    /// Other files in the directory are left alone, but for what a crash has left.
    fn remove_oldest(&self) -> io::Result<()> {
        let mut lists = Vec::new();
        for file in fs::read_dir(&self.directory)? {
            let file = file?;
            let Ok(name) = file.file_name().into_string() else {
                continue;
            };
            if !name.ends_with(ENDING) {
                files::clear(&self.directory, &name);
            } else if let Ok(modified) = file.metadata().and_then(|data| data.modified()) {
                // One that is gone again is none.
                lists.push((modified, name));
            }
        }
        lists.sort();
        let surplus = lists.len().saturating_sub(self.most_files);
        for (_, name) in &lists[..surplus] {
            match fs::remove_file(self.directory.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    fn name(&self, service: &ServiceName) -> String {
        let (service, registry) = (
            files::escaped(service.as_str()),
            files::hash(&self.registry, 0),
        );
        format!("{service}@{registry:016x}{ENDING}")
    }
}

/// What tells a registry from others: its URL, without passwords. Where values of parameters are hidden there, a few bits
/// of their hash stand behind it: enough to tell the numbers of two databases from each other, and too little to find
/// a secret by.
fn identity(registry: &str) -> String {
    let shown = redacted(registry);
    match registry.split_once('?') {
        Some((_, query)) if shown.contains("***") && !query.contains('@') => {
            format!("{shown}#{:04x}", files::hash(query, 0) & 0xffff)
        }
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn store(directory: &TempDir) -> ListFiles {
        let path = directory.path().join("made");
        ListFiles::new("etcd://u:secret@h:1/ns", path, Remarks::new())
    }

    fn service(name: &str) -> ServiceName {
        name.parse().unwrap()
    }

    fn list(service: &str, ids: &[&str]) -> Vec<Arc<ServiceInstance>> {
        let instance = |id: &&str| ServiceInstance::builder(*id, service).build().unwrap();
        ids.iter().map(instance).map(Arc::new).collect()
    }

    fn put_back(store: &ListFiles, service: &ServiceName, by: Duration) {
        let path = store.directory.join(store.name(service));
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    }

    #[test]
    fn a_list_is_found_with_its_age_until_it_is_replaced_or_confirmed() {
        let directory = tempfile::tempdir().unwrap();
        let (store, name) = (store(&directory), service("n"));
        assert_eq!(store.load(&name), None);
        assert!(store.confirm(&name).is_err(), "there is none");
        store.keep(&name, &list("n", &["1", "2"])).unwrap();
        put_back(&store, &name, Duration::from_secs(600));
        let kept = store.load(&name).unwrap();
        assert_eq!(kept.instances, list("n", &["1", "2"]));
        assert!(kept.age >= Duration::from_secs(600), "{:?}", kept.age);
        store.confirm(&name).unwrap();
        let kept = store.load(&name).unwrap();
        assert_eq!(kept.instances.len(), 2);
        assert!(kept.age < Duration::from_secs(600), "{:?}", kept.age);
        store.keep(&name, &[]).unwrap();
        assert_eq!(store.load(&name).unwrap().instances, []);
    }

    #[test]
    fn registries_and_services_have_a_file_each_and_no_password_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let one = store(&directory);
        let path = one.directory.clone();
        let other = ListFiles::new("etcd://u:secret@h:1/other", path.clone(), Remarks::new());
        let renewed = ListFiles::new("etcd://u:changed@h:1/ns", path.clone(), Remarks::new());
        for name in ["n", "N", "a b"] {
            one.keep(&service(name), &list(name, &["1"])).unwrap();
        }
        other.keep(&service("n"), &list("n", &["2"])).unwrap();
        assert_eq!(one.load(&service("n")).unwrap().instances[0].id(), "1");
        assert_eq!(other.load(&service("n")).unwrap().instances[0].id(), "2");
        let kept = renewed.load(&service("n")).unwrap();
        assert_eq!(kept.instances[0].id(), "1", "the password is another one");
        let files: Vec<_> = fs::read_dir(path).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 4);
        for file in files {
            let written = fs::read_to_string(file.path()).unwrap();
            assert!(!written.contains("secret"), "{written}");
        }
    }

    #[test]
    fn registries_that_differ_by_a_parameter_have_a_list_each() {
        let directory = tempfile::tempdir().unwrap();
        let store = |url: &str| ListFiles::new(url, directory.path().to_owned(), Remarks::new());
        let urls = [
            "consul://t@h:8500/?dc=a",
            "consul://t@h:8500/?dc=b",
            "redis://h?db=1",
            "redis://h?db=2",
            "local:/one@h",
            "local:/two@h",
        ];
        for (id, url) in urls.iter().enumerate() {
            let list = list("n", &[&id.to_string()]);
            store(url).keep(&service("n"), &list).unwrap();
        }
        for (id, url) in urls.iter().enumerate() {
            let kept = store(url).load(&service("n")).unwrap();
            assert_eq!(kept.instances[0].id(), id.to_string(), "{url}");
        }
        let renewed = store("consul://renewed@h:8500/?dc=a");
        assert!(renewed.load(&service("n")).is_some(), "another token");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_remarked_and_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let (store, name) = (store(&directory), service("n"));
        store.keep(&name, &[]).unwrap();
        let path = store.directory.join(store.name(&name));
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let mut remarks = store.remarks.subscribe();
        assert_eq!(store.load(&name), None);
        let remark = remarks.try_recv().unwrap();
        assert!(
            remark.ends_with("is ignored: it is no regular file"),
            "{remark}"
        );
        assert!(store.confirm(&name).is_err(), "it is not opened");
        store.keep(&name, &[]).unwrap();
        assert!(store.load(&name).is_some(), "it is replaced");
    }

    #[test]
    fn a_damaged_file_is_remarked_once_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (store, name) = (store(&directory), service("n"));
        store.keep(&name, &list("n", &["1", "2"])).unwrap();
        let mut remarks = store.remarks.subscribe();
        let path = store.directory.join(store.name(&name));
        let written = fs::read(&path).unwrap();
        for damaged in [&written[..written.len() - 9], b"", b"\xff\n"] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(store.load(&name), None);
            assert_eq!(store.load(&name), None);
            let remark = remarks.try_recv().unwrap();
            let expected = format!("cache of instances: {} is ignored: ", path.display());
            assert!(remark.starts_with(&expected), "{remark}");
            assert!(remarks.is_empty(), "once");
            store.keep(&name, &list("n", &["1"])).unwrap();
            assert_eq!(store.load(&name).unwrap().instances.len(), 1);
        }
    }

    #[test]
    fn the_directory_is_bounded_and_foreign_files_stay() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = store(&directory);
        store.most_files = 3;
        store.most_bytes = 400;
        store.keep(&service("a"), &list("a", &["1"])).unwrap();
        fs::write(store.directory.join("notes.txt"), "mine").unwrap();
        for (age, name) in [(30, "b"), (40, "c"), (20, "a"), (1, "d")] {
            store.keep(&service(name), &list(name, &["1"])).unwrap();
            put_back(&store, &service(name), Duration::from_secs(age));
        }
        assert_eq!(store.load(&service("c")), None, "the oldest");
        for name in ["a", "b", "d"] {
            assert!(store.load(&service(name)).is_some(), "{name}");
        }
        assert!(store.directory.join("notes.txt").exists());

        let long = list("a", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let error = store.keep(&service("a"), &long).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge, "{error}");
        let kept = store.load(&service("a")).unwrap();
        assert_eq!(kept.instances.len(), 1, "the one before stays");
    }
}
