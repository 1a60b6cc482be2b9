//! The target of the signals that the thread reads: the build of the app, the app, or none.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::time::Instant;

use super::building::Building;
use super::inbox::Inbox;
use super::roles::Role;
use super::signal::Signal;

/// Shared by the thread that reads and by the target.
#[derive(Clone, Debug, Default)]
pub(super) struct Route(Arc<Mutex<Target>>);

#[derive(Default)]
pub(super) enum Target {
    Building(Building),
    App(Arc<Inbox>),
    #[default]
    Nothing,
}

impl Route {
    pub(super) fn to(target: Target) -> Route {
        Route(Arc::new(Mutex::new(target)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Target> {
        kit_sync::lock(&self.0)
    }

    /// Takes the signals of a moment; gives an exit code when the process has to end now.
    pub(super) fn take(&self, mut batch: Vec<Signal>) -> Option<i32> {
        let at = Instant::now();
        let mut target = self.lock();
        // The system does not say which came first. The strongest goes last, so that a request to
        // stop and one to force are a forced stop.
        batch.sort_by_key(|signal| target.strength(*signal));
        batch.into_iter().find_map(|signal| target.take(signal, at))
    }

    /// Sends the app what came before it was there, and all that comes from now on: nothing is
    /// lost in between.
    pub(super) fn hand_over(&self, inbox: Arc<Inbox>) {
        let mut target = self.lock();
        if let Target::Building(building) = &mut *target {
            for (signal, at) in building.take_kept() {
                // What ends the process has ended it already.
                let _ = inbox.take(signal, at);
            }
        }
        *target = Target::App(inbox);
    }
}

impl Target {
    fn strength(&self, signal: Signal) -> Option<Role> {
        match self {
            Target::Building(building) => building.role(signal),
            Target::App(inbox) => inbox.role(signal),
            Target::Nothing => None,
        }
    }

    fn take(&mut self, signal: Signal, at: Instant) -> Option<i32> {
        match self {
            Target::Building(building) => building.take(signal, at),
            Target::App(inbox) => inbox.take(signal, at),
            Target::Nothing => None,
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Target::Building(_) => "Building",
            Target::App(_) => "App",
            Target::Nothing => "Nothing",
        })
    }
}
