//! A folder with settings, and a reloader of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::reload::engine::Engine;
use crate::reload::fake::Fake;
use crate::reload::{ReloadError, Reloaded, Reloads};

/// By then, what is waited for has come.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Home {
    folder: TempDir,
    pub(super) fake: Fake,
    pub(super) engine: Arc<Engine<Json>>,
    pub(super) reloads: watch::Receiver<Reloads>,
}

impl Home {
    /// Of one file, which is written here first.
    pub(super) fn with(text: &str) -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("orders.json"), text).expect("it is written");
        Home::of(folder, &["orders.json"])
    }

    /// Of files that are there.
    pub(super) fn of(folder: TempDir, files: &[&str]) -> Home {
        let fake = Fake::of(files.iter().map(|file| folder.path().join(file)));
        Home::of_fake(folder, fake)
    }

    pub(super) fn of_fake(folder: TempDir, fake: Fake) -> Home {
        let loaded = fake.load_now().expect("the settings are right");
        let engine = Arc::new(Engine::new(fake.clone(), loaded));
        let reloads = engine.reloads();
        Home {
            folder,
            fake,
            engine,
            reloads,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, text: &str) {
        fs::write(self.path("orders.json"), text).expect("it is written");
    }

    pub(super) fn settings(&self) -> Json {
        (*self.engine.current().load()).clone()
    }

    /// Waits for reloads that fulfil this.
    #[track_caller]
    pub(super) fn until(
        &self,
        is_fulfilled: impl Fn(&Reloads) -> bool,
    ) -> impl Future<Output = Reloads> {
        let mut reloads = self.reloads.clone();
        let place = std::panic::Location::caller();
        async move {
            let waited = timeout(PATIENCE, reloads.wait_for(|seen| is_fulfilled(seen))).await;
            let waited = waited.map(|reloads| reloads.expect("the reloader is there").clone());
            waited.unwrap_or_else(|_| panic!("{place}: not after {PATIENCE:?}: {reloads:?}"))
        }
    }
}

/// The changes, as they are logged.
pub(super) fn changed(reloaded: &Result<Reloaded, ReloadError>) -> Vec<String> {
    let reloaded = reloaded.as_ref().expect("it is well");
    reloaded.changed.iter().map(ToString::to_string).collect()
}
