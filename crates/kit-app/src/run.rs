//! The life of an app in three stages: it starts, it runs, it stops. Each stage is a type that owns
//! the state that is valid in it.

mod awaited_jobs;
mod called_off;
mod launch;
mod options;
mod refused;
mod resources;
mod running;
pub(crate) mod stages;
mod start_components;
mod stopping;
mod watchdog;

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Scope, TaskTree};
use kit_transport::{FreePorts, Lifecycle, Values};
use tokio::sync::watch;

use crate::AppHandle;
use crate::component::Component;
use crate::core::Core;
use crate::health;
use crate::registration::RegistrationScopes;
use crate::reload::ReloadTask;
use crate::resource::Resources;
use crate::settings::Settings;
use crate::signals::Installed;

/// How long the threads have at the end that outlive the app's tasks.
const HOME: Duration = Duration::from_millis(200);

/// What a run owns in every stage, handed on from one to the next.
struct Parts {
    app: AppHandle,
    settings: Settings,
    /// Those whose start was called.
    components: Vec<Component>,
    resources: Resources,
    tree: TaskTree,
    /// After the tree: signals are taken until its tasks are aborted.
    signals: Installed,
    /// Where the tasks live that hooks of the start spawn: cancelled when a stop begins.
    start_hooks: Scope,
    /// The app's own tasks that see components end.
    supervision: Scope,
    reload: ReloadTask,
    /// Where checks run, and what follows from them and from drains: cancelled when a stop begins.
    health: Scope,
    registration: RegistrationScopes,
    /// Where threads live that outlive the app's tasks.
    home: Scope,
}

impl Parts {
    fn new(
        app: AppHandle,
        mut settings: Settings,
        signals: Installed,
        tree: TaskTree,
        home: &Scope,
    ) -> Parts {
        let child = |name| tree.scope().child(name);
        let resources = std::mem::take(&mut settings.resources);
        let resources = Resources::new(resources, app_values(&app, settings.free_ports));
        Parts {
            app,
            settings,
            signals,
            components: Vec::new(),
            resources,
            start_hooks: child("hooks"),
            supervision: child("ends of components"),
            reload: ReloadTask::new(child("reloads")),
            health: child("health"),
            registration: RegistrationScopes::below(tree.scope()),
            home: home.clone(),
            tree,
        }
    }

    fn core(&self) -> &Arc<Core> {
        self.app.core()
    }

    /// The app's life as its components and its resources see it.
    fn lives(&self) -> Vec<watch::Sender<Lifecycle>> {
        let components = self.components.iter().map(Component::life);
        components.chain([self.resources.life()]).collect()
    }
}

/// What components, requests and hooks find of every app by its type.
fn app_values(app: &AppHandle, free_ports: bool) -> Values {
    // Not listed where a value is missing: its author knows the resources, and not these.
    let mut values = Values::new();
    if free_ports {
        values.insert_unlisted(FreePorts);
    }
    values.insert_unlisted(app.info().clone());
    values.insert_unlisted(app.clone());
    values.insert_unlisted(health::answers(app.clone()));
    values
}
