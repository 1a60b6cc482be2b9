//! The states of the components, for handlers, pages and tests.

use std::fmt;

use kit_transport::{Listening, Meter, Phase};

use crate::WorkerStatus;

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
    /// Its workers and jobs; empty for a server.
    pub workers: Vec<WorkerStatus>,
    /// Reads what it has accepted, served, refused and cut.
    pub meter: Meter,
}

/// One line: its name, its phase, its state, where it is listening, and its workers that have failed or
/// begun anew.
impl fmt::Display for ComponentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ComponentStatus {
            name,
            phase,
            state,
            listening,
            workers,
            ..
        } = self;
        write!(f, "{name} ({phase}): {state}")?;
        for (index, listening) in listening.iter().enumerate() {
            let before = if index == 0 { ", listening at " } else { ", " };
            write!(f, "{before}{listening}")?;
        }
        let workers = workers.iter();
        for worker in workers.filter(|worker| worker.has_news()) {
            write!(f, "; {worker}")?;
        }
        Ok(())
    }
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
