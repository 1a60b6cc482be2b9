//! Many runs, each from a seed.

use std::fmt;
use std::ops::Range;

use crate::recording::Recording;
use crate::rng::Rng;
use crate::rules::{Rule, Violation, check};
use crate::run::run;
use crate::script::{Case, Interruption, Script, as_rust, draw_interruption, draw_script};
use crate::shrink::smallest;

/// So many runs that follow each other are of one script: the first is not interrupted, and shows how many
/// places there are for the others.
pub const RUNS_OF_SCRIPT: u64 = 16;

/// The counts of many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// How many there were.
    pub runs: u64,
    /// How many of them were ready before they stopped.
    pub ready: u64,
    /// How many of them a signal forced.
    pub forced: u64,
    /// How many of them had an exit code other than 0.
    pub failed: u64,
    /// How many events they had.
    pub events: u64,
}

/// A run that has broken a rule. It prints as a test, with its events.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// The first rule that it breaks.
    pub violation: Violation,
    /// The case, made as small as it goes.
    pub smallest: Case,
    /// The recording of that.
    pub recording: Recording,
    /// How many runs there were before.
    pub runs: u64,
}

/// The case of a seed.
#[must_use]
pub fn case(seed: u64) -> Case {
    let script = draw_script(first_of(seed));
    let events = events(&run(&script, &Interruption::none()));
    interrupted(seed, script, events)
}

/// The seed of the run that is not interrupted.
fn first_of(seed: u64) -> u64 {
    seed - seed % RUNS_OF_SCRIPT
}

fn events(recording: &Recording) -> u64 {
    recording.events().count() as u64
}

fn interrupted(seed: u64, script: Script, events: u64) -> Case {
    let interruption = if seed == first_of(seed) {
        Interruption::none()
    } else {
        // Seeds that follow each other are to have nothing in common.
        draw_interruption(Rng::new(seed).bits(), &script, events)
    };
    Case {
        script,
        interruption,
    }
}

/// Runs the cases of these seeds, and checks each run by these rules.
///
/// # Errors
/// The first run that breaks one, made small.
pub fn simulate(seeds: Range<u64>, rules: &[Rule]) -> Result<Course, Box<Failure>> {
    let mut course = Course::default();
    let (mut script, mut places) = (Script::default(), 0);
    for (number, seed) in seeds.enumerate() {
        let calm = (number == 0 || seed == first_of(seed)).then(|| {
            script = draw_script(first_of(seed));
            run(&script, &Interruption::none())
        });
        if let Some(calm) = &calm {
            places = events(calm);
        }
        let case = interrupted(seed, script.clone(), places);
        // That of the first seed was seen already.
        let seen = calm.filter(|_| seed == first_of(seed));
        let recording = seen.unwrap_or_else(|| run(&case.script, &case.interruption));
        if let Some(violation) = check(rules, &case.script, &recording).into_iter().next() {
            let runs = course.runs;
            return Err(Box::new(failure(seed, &violation, &case, rules, runs)));
        }
        course.add(&recording);
    }
    Ok(course)
}

fn failure(seed: u64, violation: &Violation, case: &Case, rules: &[Rule], runs: u64) -> Failure {
    let smallest = smallest(case, |case| {
        let recording = run(&case.script, &case.interruption);
        let broken = check(rules, &case.script, &recording);
        broken.iter().any(|other| other.rule == violation.rule)
    });
    let recording = run(&smallest.script, &smallest.interruption);
    let broken = check(rules, &smallest.script, &recording).into_iter();
    let same = broken
        .into_iter()
        .find(|other| other.rule == violation.rule);
    Failure {
        seed,
        violation: same.unwrap_or_else(|| violation.clone()),
        smallest,
        recording,
        runs,
    }
}

impl Course {
    fn add(&mut self, recording: &Recording) {
        let report = recording.end.as_ref().map(|end| &end.report);
        self.runs += 1;
        self.ready += u64::from(report.is_some_and(|report| report.was_ready));
        self.forced += u64::from(recording.is_forced());
        self.failed += u64::from(report.is_some_and(|report| report.exit_code != 0));
        self.events += events(recording);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case {
            script,
            interruption,
        } = &self.smallest;
        let test = as_rust("a_rule_is_broken", script, interruption);
        writeln!(f, "seed {} has broken a rule", self.seed)?;
        writeln!(f, "{}", self.violation)?;
        writeln!(f, "\n{test}\n{}", self.recording)
    }
}
