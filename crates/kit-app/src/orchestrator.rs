//! What the surroundings of the process learn of its app: the service manager (systemd) by messages, and
//! Kubernetes by a file at a failed end.
//!
//! Nothing of the lifecycle waits for any of it. What happens is noted where it happens, and a thread sends
//! it; without a service manager there is no thread.

mod course;
mod kind;
mod message;
mod notifier;
mod outbox;
mod sending;
mod socket;
mod status;
mod termination;
mod thread;

pub use kind::Orchestrator;
pub use notifier::Notifier;
pub(crate) use notifier::from_lookup;
pub(crate) use outbox::Outbox;
pub(crate) use termination::{TerminationMessage, refuse_termination_message};
pub(crate) use thread::start;
