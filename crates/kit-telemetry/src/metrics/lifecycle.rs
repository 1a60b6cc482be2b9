//! What the events of an app say.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use kit_app::{Event, Stamped};
use kit_sync::TaskReport;
use kit_transport::Stage;
use tokio::time::Instant;

use super::catalogue::{
    APP_DRAINS, APP_FAILURES, APP_RELOADS, APP_START, APP_STOP, HOOK_FAILURES, REGISTRY_LOSSES,
    REGISTRY_REGISTRATIONS, TASK_FAILURES,
};
use super::sample::Samples;

/// Counts events. An app that is run after another one in this process begins at 0.
#[derive(Default)]
pub(super) struct Lifecycle(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    start: Option<Duration>,
    stop: Option<Stop>,
    drains: u64,
    failures: u64,
    reloads: u64,
    /// By stage and name.
    hooks: BTreeMap<(String, String), u64>,
    /// By scope.
    tasks: BTreeMap<String, u64>,
    registries: BTreeMap<String, Registry>,
}

#[derive(Clone, Copy)]
enum Stop {
    Since(Instant),
    Took(Duration),
}

#[derive(Default)]
struct Registry {
    registrations: u64,
    losses: u64,
    is_registered: bool,
}

impl Lifecycle {
    /// Counts one event.
    ///
    /// The first event of a run clears the counts of the one before. Durations come with the events that end
    /// a start and a stop; while a stop lasts, its time is measured from the event that began it. A registry
    /// loses an instance once until it shows it again, and a deregistration is no loss.
    pub(super) fn observe(&self, stamped: &Stamped) {
        let mut counts = kit_sync::lock(&self.0);
        match &stamped.event {
            Event::Entered {
                stage: Stage::Starting,
            } => *counts = Counts::default(),
            Event::Ready { took, .. } => counts.start = Some(*took),
            Event::StopAsked { .. } => counts.stop = Some(Stop::Since(stamped.at)),
            Event::Stopped { took, .. } => counts.stop = Some(Stop::Took(*took)),
            Event::DrainBegan { .. } => counts.drains += 1,
            Event::Failed { .. } => counts.failures += 1,
            Event::Reloaded { .. } => counts.reloads += 1,
            Event::HookEnded {
                stage,
                name,
                error: Some(_),
                ..
            } => counts.count_hook(&stage.to_string(), name),
            Event::ReloadHookEnded {
                name,
                error: Some(_),
                ..
            } => counts.count_hook("reload", name),
            Event::TaskFailed { task } => *counts.tasks.entry(scope_of(task)).or_default() += 1,
            Event::Registered { registry } => counts.registry(registry).appear(),
            Event::RegistrationLost { registry, .. } => counts.registry(registry).lose(),
            // A later failure is no loss.
            Event::Deregistered { registry, .. } => {
                counts.registry(registry).is_registered = false;
            }
            _ => {}
        }
    }

    pub(super) fn collect(&self, samples: &mut Samples) {
        let counts = kit_sync::lock(&self.0);
        if let Some(took) = counts.start {
            samples.add(&APP_START, [], took.as_secs_f64());
        }
        if let Some(stop) = counts.stop {
            let took = match stop {
                Stop::Since(begun) => begun.elapsed(),
                Stop::Took(took) => took,
            };
            samples.add(&APP_STOP, [], took.as_secs_f64());
        }
        samples.add_count(&APP_DRAINS, [], counts.drains);
        samples.add_count(&APP_FAILURES, [], counts.failures);
        samples.add_count(&APP_RELOADS, [], counts.reloads);
        for ((stage, name), failures) in &counts.hooks {
            samples.add_count(&HOOK_FAILURES, [stage.clone(), name.clone()], *failures);
        }
        for (scope, failures) in &counts.tasks {
            samples.add_count(&TASK_FAILURES, [scope.clone()], *failures);
        }
        for (name, registry) in &counts.registries {
            let registrations = registry.registrations;
            samples.add_count(&REGISTRY_REGISTRATIONS, [name.clone()], registrations);
            samples.add_count(&REGISTRY_LOSSES, [name.clone()], registry.losses);
        }
    }
}

impl Counts {
    fn count_hook(&mut self, stage: &str, name: &str) {
        let key = (stage.to_owned(), name.to_owned());
        *self.hooks.entry(key).or_default() += 1;
    }

    fn registry(&mut self, name: &str) -> &mut Registry {
        self.registries.entry(name.to_owned()).or_default()
    }
}

impl Registry {
    fn appear(&mut self) {
        self.registrations += 1;
        self.is_registered = true;
    }

    /// Further failures of one loss are none.
    fn lose(&mut self) {
        self.losses += u64::from(self.is_registered);
        self.is_registered = false;
    }
}

/// The first two parts of its path, of which there are as many as components and kinds of hooks.
fn scope_of(task: &TaskReport) -> String {
    let path = task.path();
    let parts: Vec<_> = path.splitn(3, '/').take(2).collect();
    parts.join("/")
}
