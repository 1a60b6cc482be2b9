//! What the tests share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit_registry::{
    Backend, Registration, RegistrationState, Schemes, ServiceInstance, ServiceName, Snapshot,
    Watch,
};
use kit_sync::{Scope, TaskTree};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

/// Longer than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A directory that a registry may use, below one that is there.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("registry")
    }

    pub(crate) fn url(&self, parameters: &str) -> String {
        format!("local:{}?{parameters}", self.path().display())
    }

    /// The file of the instance.
    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("hello@1.json")
    }
}

/// A view of a registry and what runs because of it.
pub(crate) struct Bench {
    pub(crate) tree: TaskTree,
    pub(crate) backend: Backend,
}

impl Bench {
    pub(crate) fn open(url: &str) -> Bench {
        let tree = TaskTree::new("test");
        let backend = open(url, &tree.scope().child("registry"));
        Bench { tree, backend }
    }

    pub(crate) fn register(&self, version: &str) -> Registration {
        let scope = self.tree.scope().child("registration");
        let registrar = Arc::clone(&self.backend.registrar);
        Registration::spawn(&scope, registrar, instance(version))
    }

    pub(crate) async fn registered(&self, version: &str) -> Registration {
        let registration = self.register(version);
        registration.first(LIMIT).await.expect("registered");
        registration
    }

    pub(crate) async fn watch(&self) -> Watch {
        let watch = self.backend.discovery.watch(&service()).await;
        watch.expect("a watch")
    }

    pub(crate) async fn listed(&self) -> Vec<String> {
        let list = self.backend.discovery.instances(&service()).await;
        versions(&list.expect("a list"))
    }

    /// Closes everything; nothing may be left of it.
    pub(crate) async fn close(self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "{report:?}");
    }
}

pub(crate) fn open(url: &str, scope: &Scope) -> Backend {
    Schemes::default().open(url, scope).expect("a good URL")
}

pub(crate) fn service() -> ServiceName {
    "hello".parse().expect("a valid name")
}

pub(crate) fn instance(version: &str) -> ServiceInstance {
    let instance = ServiceInstance::builder("1", "hello").version(version);
    instance.build().expect("a valid instance")
}

pub(crate) fn versions(snapshot: &Snapshot) -> Vec<String> {
    let instances = snapshot.instances.iter();
    instances.map(|one| one.version().to_owned()).collect()
}

/// Waits for a snapshot with instances of these versions.
pub(crate) async fn shows(watch: &mut Watch, wanted: &[&str]) {
    seen(watch, &format!("{wanted:?}"), |snapshot| {
        versions(snapshot) == wanted
    })
    .await;
}

pub(crate) async fn seen(watch: &mut Watch, what: &str, is: impl Fn(&Snapshot) -> bool) {
    let mut last = None;
    let found = timeout(LIMIT, async {
        loop {
            let snapshot = watch.next().await.expect("an open watch");
            if is(&snapshot) {
                return;
            }
            last = Some(snapshot);
        }
    });
    if found.await.is_err() {
        panic!("{what} was not seen; last {last:?}");
    }
}

pub(crate) async fn until_state(
    registration: &Registration,
    is: impl FnMut(&RegistrationState) -> bool,
) -> RegistrationState {
    let mut states = registration.states();
    let state = timeout(LIMIT, states.wait_for(is)).await;
    state.expect("in time").expect("it goes on").clone()
}
