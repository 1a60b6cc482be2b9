//! The states of the components, as the events have shown them.

use std::sync::Mutex;

use crate::{ComponentState, ComponentStatus, Event};

/// The components whose start was called, in that order.
#[derive(Default)]
pub(crate) struct ComponentStates(Mutex<Vec<ComponentStatus>>);

impl ComponentStates {
    pub(crate) fn all(&self) -> Vec<ComponentStatus> {
        kit_sync::lock(&self.0).clone()
    }

    /// Keeps up with what happens.
    pub(crate) fn follow(&self, event: &Event) {
        match event {
            Event::ComponentStarting { name, phase } => {
                let mut all = kit_sync::lock(&self.0);
                all.push(ComponentStatus {
                    name: name.clone(),
                    phase: *phase,
                    state: ComponentState::Starting,
                    listening: Vec::new(),
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
            Event::ComponentStopped { name, .. } => {
                self.change(name, |component| component.state = ComponentState::Stopped);
            }
            _ => {}
        }
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut ComponentStatus)) {
        let mut all = kit_sync::lock(&self.0);
        // Names differ: the start refuses others.
        if let Some(component) = all.iter_mut().find(|component| component.name == name) {
            change(component);
        }
    }
}
