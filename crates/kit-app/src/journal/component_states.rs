//! The states of the components, as the events have shown them.

use std::collections::HashMap;
use std::sync::Mutex;

use kit_transport::Meter;

use crate::{AfterFailure, ComponentState, ComponentStatus, Event, WorkerStatus};

/// The components whose start was called.
#[derive(Default)]
pub(crate) struct ComponentStates(Mutex<Components>);

#[derive(Default)]
struct Components {
    /// In the order of their starts.
    all: Vec<ComponentStatus>,
    /// Where each stands, by its name. Names differ: the start refuses others.
    places: HashMap<String, usize>,
}

impl Components {
    fn add(&mut self, component: ComponentStatus) {
        self.places.insert(component.name.clone(), self.all.len());
        self.all.push(component);
    }

    fn find(&mut self, name: &str) -> Option<&mut ComponentStatus> {
        let place = self.places.get(name)?;
        self.all.get_mut(*place)
    }
}

impl ComponentStates {
    pub(crate) fn all(&self) -> Vec<ComponentStatus> {
        kit_sync::lock(&self.0).all.clone()
    }

    /// The workers of a component.
    pub(crate) fn workers_of(&self, name: &str) -> Vec<WorkerStatus> {
        let mut components = kit_sync::lock(&self.0);
        let component = components.find(name);
        component.map_or_else(Vec::new, |component| component.workers.clone())
    }

    /// Keeps up with what happens.
    pub(crate) fn follow(&self, event: &Event) {
        match event {
            Event::ComponentStarting { name, phase } => {
                kit_sync::lock(&self.0).add(ComponentStatus {
                    name: name.clone(),
                    phase: *phase,
                    state: ComponentState::Starting,
                    listening: Vec::new(),
                    workers: Vec::new(),
                    meter: Meter::default(),
                });
            }
            Event::ComponentStarted {
                name, listening, ..
            } => self.change(name, |component| {
                // A start that ends during the stop changes nothing of the drain.
                if component.state == ComponentState::Starting {
                    component.state = ComponentState::Running;
                }
                component.listening.clone_from(listening);
            }),
            Event::ComponentEnded { name } => {
                self.change(name, |component| component.state = ComponentState::Ended);
            }
            Event::ComponentStopping { name } => {
                self.change(name, |component| component.state = ComponentState::Draining);
            }
            Event::ComponentStopped { name, .. } => self.change(name, |component| {
                component.state = ComponentState::Stopped;
                component.workers.iter_mut().for_each(WorkerStatus::stop);
            }),
            event => self.follow_worker(event),
        }
    }

    /// Sets what reads the counts of a component.
    pub(super) fn set_meter(&self, name: &str, meter: Meter) {
        self.change(name, |component| component.meter = meter);
    }

    /// Counts a failure of a worker that goes on and has no event.
    pub(super) fn count_failure(&self, component: &str, path: &str, why: &str) {
        self.change(component, |component| {
            worker_of(component, path).count_failure(why);
        });
    }

    fn follow_worker(&self, event: &Event) {
        match event {
            Event::WorkerStarted {
                component, path, ..
            } => self.change(component, |component| {
                worker_of(component, path).start();
            }),
            Event::WorkerFailed {
                component,
                path,
                why,
                then,
                ..
            } => self.change(component, |component| {
                worker_of(component, path).fail(why, then);
                if let AfterFailure::Restart { siblings, .. } = then {
                    let siblings = siblings.iter();
                    siblings.for_each(|sibling| worker_of(component, sibling).await_restart());
                }
            }),
            Event::WorkerEnded {
                component, path, ..
            } => self.change(component, |component| {
                worker_of(component, path).end();
            }),
            _ => {}
        }
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut ComponentStatus)) {
        if let Some(component) = kit_sync::lock(&self.0).find(name) {
            change(component);
        }
    }
}

fn worker_of<'a>(component: &'a mut ComponentStatus, path: &str) -> &'a mut WorkerStatus {
    let workers = &mut component.workers;
    let index = workers.iter().position(|worker| worker.path == path);
    let index = index.unwrap_or_else(|| {
        workers.push(WorkerStatus::new(path.to_owned()));
        workers.len() - 1
    });
    &mut workers[index]
}
