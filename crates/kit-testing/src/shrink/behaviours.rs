//! Behaviours that are plainer than another one, the plainest first.

use crate::script::{Call, LatchUse, Life, OnFailure};

/// Shorter times.
pub(super) fn times(millis: u64) -> Vec<u64> {
    let mut shorter = vec![
        0,
        millis / 2,
        millis.saturating_sub(millis / 8),
        millis.saturating_sub(1),
    ];
    shorter.retain(|time| *time < millis);
    shorter.dedup();
    shorter
}

pub(super) fn calls(call: Call) -> Vec<Call> {
    let timed: fn(u64) -> Call = match call {
        Call::Succeeds(_) => Call::Succeeds,
        Call::Fails(_) => Call::Fails,
        Call::Panics(_) => Call::Panics,
        Call::EndsAtCancel => return vec![Call::Succeeds(0)],
        Call::FailsAtCancel | Call::Hangs => return vec![Call::Succeeds(0), Call::EndsAtCancel],
    };
    let (Call::Succeeds(millis) | Call::Fails(millis) | Call::Panics(millis)) = call else {
        return Vec::new();
    };
    let mut plainer: Vec<Call> = match call {
        Call::Succeeds(_) => Vec::new(),
        Call::Panics(_) => vec![Call::Succeeds(0), Call::Fails(millis)],
        _ => vec![Call::Succeeds(0)],
    };
    plainer.extend(times(millis).into_iter().map(timed));
    plainer
}

pub(super) fn lives(life: Life) -> Vec<Life> {
    let (timed, millis): (fn(u64) -> Life, u64) = match life {
        Life::Drains(millis) => (Life::Drains, millis),
        Life::EndsAfter(millis) => (Life::EndsAfter, millis),
        Life::FailsAfter(millis) => (Life::FailsAfter, millis),
        Life::PanicsAfter(millis) => (Life::PanicsAfter, millis),
        Life::FailsInDrain(millis) => (Life::FailsInDrain, millis),
        Life::PanicsInDrain(millis) => (Life::PanicsInDrain, millis),
        Life::NeverEnds => return vec![Life::Drains(0)],
    };
    let mut plainer = match life {
        Life::Drains(_) => Vec::new(),
        Life::PanicsAfter(_) => vec![Life::Drains(0), Life::FailsAfter(millis)],
        Life::PanicsInDrain(_) => vec![Life::Drains(0), Life::FailsInDrain(millis)],
        _ => vec![Life::Drains(0)],
    };
    plainer.extend(times(millis).into_iter().map(timed));
    plainer
}

pub(super) fn latches(latch: LatchUse) -> Vec<LatchUse> {
    match latch {
        LatchUse::NoLatch => Vec::new(),
        LatchUse::OpensAfter(millis) => {
            let timed = times(millis).into_iter().map(LatchUse::OpensAfter);
            [LatchUse::NoLatch].into_iter().chain(timed).collect()
        }
        LatchUse::GivesUpAfter(millis) => {
            let timed = times(millis).into_iter().map(LatchUse::GivesUpAfter);
            [LatchUse::NoLatch].into_iter().chain(timed).collect()
        }
        LatchUse::NeverOpens => vec![LatchUse::NoLatch],
    }
}

pub(super) fn on_failures(on_failure: OnFailure) -> Vec<OnFailure> {
    match on_failure {
        OnFailure::StopsApp => Vec::new(),
        OnFailure::BeginsAnew(1) | OnFailure::IsIgnored => vec![OnFailure::StopsApp],
        OnFailure::BeginsAnew(_) => vec![OnFailure::StopsApp, OnFailure::BeginsAnew(1)],
    }
}
