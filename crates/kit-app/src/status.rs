//! The states of the components, for handlers, pages and tests.

use std::fmt;
use std::sync::Mutex;

use kit_transport::{Listening, Phase};

use crate::Event;

/// A component of a running app.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComponentStatus {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: Phase,
    /// Where it stands.
    pub state: ComponentState,
    /// Where it is listening; empty before it has started.
    pub listening: Vec<Listening>,
}

/// Where a component stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComponentState {
    /// Its start was called and has not returned.
    Starting,
    /// It accepts work.
    Running,
    /// Its tasks have ended before a stop. The app stops, unless the component is finite.
    Ended,
    /// It finishes what is in flight.
    Draining,
    /// It was stopped.
    Stopped,
}

impl fmt::Display for ComponentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ComponentState::Starting => "starting",
            ComponentState::Running => "running",
            ComponentState::Ended => "ended",
            ComponentState::Draining => "draining",
            ComponentState::Stopped => "stopped",
        })
    }
}

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
