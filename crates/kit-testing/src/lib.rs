//! A simulator of the lifecycle: scripted apps that are interrupted everywhere, and the rules that each run keeps.
//!
//! A [`Script`] is an app as plain data. Each of its parts behaves as the script says: it
//! succeeds, fails, panics, hangs, ignores its token, ends early. An
//! [`Interruption`] is the one thing that comes in between: a request to stop, signals, a request for a reload,
//! the end of the parent, a death, a loss in a registry, a drain. It comes at an event of the run, whichever
//! that is, or a while after it.
//!
//! [`run`] runs both on one thread and a paused clock, and records what is seen: the events of the app, and what
//! its parts do and see. The [rules](rules::RULES) read the recording: they are the invariants of the book, and
//! know nothing of how the app works. A run that breaks one is made [smaller](shrink::smallest) until nothing
//! of it can go, and [printed](script::as_rust) as a test.
//!
//! ```
//! use kit_testing::script::prelude::*;
//!
//! let script = Script {
//!     servers: vec![ServerScript {
//!         phase: 200,
//!         start: Succeeds(10),
//!         life: Drains(50),
//!         stop: Succeeds(0),
//!         latch: NoLatch,
//!         spawns: None,
//!     }],
//!     ..Script::default()
//! };
//! // A SIGTERM in the middle of the start.
//! let interruption = Interruption { event: 4, after: 5, what: Signals(vec![(0, 15)]) };
//! kit_testing::assert_holds(&script, &interruption);
//! ```
//!
//! A dev-dependency only, of this workspace. A service is tested with `kit::testing::TestApp`.

mod cast;
pub mod recording;
mod rng;
pub mod rules;
mod run;
pub mod script;
pub mod shrink;
mod simulation;

pub use rng::Rng;
pub use run::run;
pub use script::Case;
pub use simulation::{Course, Failure, RUNS_OF_SCRIPT, case, simulate};

use rules::RULES;
use script::{Interruption, Script};

/// Runs a script with an interruption.
///
/// # Panics
/// When the run breaks a rule: the message has the rules and the recording.
#[track_caller]
pub fn assert_holds(script: &Script, interruption: &Interruption) {
    let recording = run(script, interruption);
    let broken = rules::check(RULES, script, &recording);
    let lines: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}\n\n{recording}", lines.join("\n"));
}
