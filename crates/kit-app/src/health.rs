//! Health: checks in the background, and what follows from them for the probes.
//!
//! *Live* means that the runtime makes progress, *ready* that the app may receive traffic, *started*
//! that its start is complete. A check that fails changes readiness and gRPC health, and never
//! deregisters the instance.

mod answers;
mod check;
mod options;
mod probe;
mod probes;
mod publish;
mod pulse;
mod record;
mod runs;
mod runtime;
mod state;
mod status;

pub(crate) use answers::answers;
pub use check::CheckContext;
pub(crate) use check::{Check, wrong_options};
pub use options::CheckOptions;
pub use probe::{Fact, Probe};
pub(crate) use probes::{liveness, readiness, startup, why_not_ready};
pub(crate) use publish::{publish, publish_now};
pub(crate) use pulse::{Heartbeat, Pulse, TICK};
pub(crate) use runs::{describe_stuck, run};
pub(crate) use state::Health;
pub use status::{CheckState, CheckStatus};
