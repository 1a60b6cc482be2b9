//! The rules that every run keeps: the invariants of the book, read from a recording.
//!
//! Each rule stands in one file. It knows the script and the recording, and nothing of how the app works.

mod anew;
mod deadline;
mod ends;
mod exit_code;
mod facts;
mod hooks;
mod intake;
mod latches;
mod leaving;
mod left;
mod masking;
mod order;
mod pairs;
mod phases;
mod readiness;
mod reloads;
mod resources;
mod signals;
mod silence;
mod starving;
mod visible;

use std::fmt;

use crate::recording::Recording;
use crate::script::Script;

/// A rule: its name, what it says, and what sees whether a run has kept it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// A word or two.
    pub name: &'static str,
    /// The rule in one sentence.
    pub says: &'static str,
    check: fn(&Script, &Recording) -> Result<(), String>,
}

/// A rule that a run has broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name of the rule.
    pub rule: &'static str,
    /// The entries that show it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

impl Rule {
    /// A rule that is not among [`RULES`], such as one that is wrong on purpose.
    #[must_use]
    pub fn new(
        name: &'static str,
        says: &'static str,
        check: fn(&Script, &Recording) -> Result<(), String>,
    ) -> Rule {
        Rule { name, says, check }
    }
}

const fn rule(
    name: &'static str,
    says: &'static str,
    check: fn(&Script, &Recording) -> Result<(), String>,
) -> Rule {
    Rule { name, says, check }
}

/// All rules.
pub const RULES: &[Rule] = &[
    rule(
        "visible",
        "An instance is shown only while every server accepts; deregistration has succeeded or used up its time \
         before a living server stops accepting, unless the stop was forced.",
        visible::check,
    ),
    rule(
        "leaving",
        "Deregistration begins within 100 ms of the death of a component.",
        leaving::check,
    ),
    rule(
        "left",
        "100 ms after the end nothing of the app is alive, and a registry that still shows it is in the report.",
        left::check,
    ),
    rule(
        "deadline",
        "A stop ends within its timeout, a forced one within 500 ms, and a little for what begins late.",
        deadline::check,
    ),
    rule(
        "masking",
        "The failures of the report are those that had events, in their order, and the first is the root cause.",
        masking::check,
    ),
    rule(
        "hooks",
        "Every hook of the stop runs once, in order, on every path; a forced stop skips those of before_stop.",
        hooks::check,
    ),
    rule(
        "order",
        "Events come in the order of the sequences.",
        order::check,
    ),
    rule(
        "phases",
        "Phases start in ascending order and stop in descending order, each when the one before is over.",
        phases::check,
    ),
    rule(
        "resources",
        "Resources are opened in order before the components and closed in the reverse order after them.",
        resources::check,
    ),
    rule(
        "exit code",
        "0 when nothing failed or was cut, 128 + n when signal n forced the stop, else 1.",
        exit_code::check,
    ),
    rule(
        "readiness",
        "The app is ready exactly from its start on, while every required check passes, until a stop or a drain.",
        readiness::check,
    ),
    rule(
        "signals",
        "A request to stop is heard at once, and every signal has an event; a second SIGINT or a SIGQUIT in a stop forces \
         it, and nothing else does.",
        signals::check,
    ),
    rule(
        "intake",
        "A worker takes nothing while the intake is closed, and finishes what it took or is named.",
        intake::check,
    ),
    rule(
        "ends",
        "What a component runs has ended when it has stopped, is cancelled by its drain alone, and no run begins once a \
         stop was asked for.",
        ends::check,
    ),
    rule(
        "anew",
        "The workers of a group begin anew in order, after a failure that concerns them, when all of them have ended; no \
         other is cancelled.",
        anew::check,
    ),
    rule(
        "latches",
        "The app runs when every latch was opened.",
        latches::check,
    ),
    rule(
        "reloads",
        "A reload that was asked for calls every hook in order, begins none once the app stops, fails nothing, and is \
         over before the resources are closed.",
        reloads::check,
    ),
    rule(
        "silence",
        "A failure has an event that names it, and a start or a stop is not silent for more than 4 s.",
        silence::check,
    ),
    rule(
        "pairs",
        "What begins has an end and a row in the report.",
        pairs::check,
    ),
    rule(
        "starving",
        "What needs less than its reserve in a stop gets it, whatever the others do.",
        starving::check,
    ),
];

/// Everything that a run has broken.
#[must_use]
pub fn check(rules: &[Rule], script: &Script, recording: &Recording) -> Vec<Violation> {
    let broken = rules.iter().filter_map(|rule| {
        let what = (rule.check)(script, recording).err()?;
        Some(Violation {
            rule: rule.name,
            what,
        })
    });
    broken.collect()
}
