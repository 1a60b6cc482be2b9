//! Behaviours that are plainer than another one, the plainest first.

use super::plainer::{Plainer, times};
use crate::script::{Anew, Call, LatchUse, Life, OnFailure};

impl Plainer for Call {
    fn plainer(&self) -> Vec<Call> {
        let timed: fn(u64) -> Call = match self {
            Call::Succeeds(_) => Call::Succeeds,
            Call::Fails(_) => Call::Fails,
            Call::Panics(_) => Call::Panics,
            Call::EndsAtCancel => return vec![Call::Succeeds(0)],
            Call::FailsAtCancel | Call::Hangs => {
                return vec![Call::Succeeds(0), Call::EndsAtCancel];
            }
        };
        let (Call::Succeeds(millis) | Call::Fails(millis) | Call::Panics(millis)) = *self else {
            return Vec::new();
        };
        let mut plainer: Vec<Call> = match self {
            Call::Succeeds(_) => Vec::new(),
            Call::Panics(_) => vec![Call::Succeeds(0), Call::Fails(millis)],
            _ => vec![Call::Succeeds(0)],
        };
        plainer.extend(times(millis).into_iter().map(timed));
        plainer
    }
}

impl Plainer for Life {
    fn plainer(&self) -> Vec<Life> {
        let (timed, millis): (fn(u64) -> Life, u64) = match *self {
            Life::Drains(millis) => (Life::Drains, millis),
            Life::EndsAfter(millis) => (Life::EndsAfter, millis),
            Life::FailsAfter(millis) => (Life::FailsAfter, millis),
            Life::PanicsAfter(millis) => (Life::PanicsAfter, millis),
            Life::FailsInDrain(millis) => (Life::FailsInDrain, millis),
            Life::PanicsInDrain(millis) => (Life::PanicsInDrain, millis),
            Life::NeverEnds => return vec![Life::Drains(0)],
        };
        let mut plainer = match self {
            Life::Drains(_) => Vec::new(),
            Life::PanicsAfter(_) => vec![Life::Drains(0), Life::FailsAfter(millis)],
            Life::PanicsInDrain(_) => vec![Life::Drains(0), Life::FailsInDrain(millis)],
            _ => vec![Life::Drains(0)],
        };
        plainer.extend(times(millis).into_iter().map(timed));
        plainer
    }
}

impl Plainer for LatchUse {
    fn plainer(&self) -> Vec<LatchUse> {
        let (timed, millis): (fn(u64) -> LatchUse, u64) = match *self {
            LatchUse::NoLatch => return Vec::new(),
            LatchUse::OpensAfter(millis) => (LatchUse::OpensAfter, millis),
            LatchUse::GivesUpAfter(millis) => (LatchUse::GivesUpAfter, millis),
            LatchUse::NeverOpens => return vec![LatchUse::NoLatch],
        };
        let timed = times(millis).into_iter().map(timed);
        [LatchUse::NoLatch].into_iter().chain(timed).collect()
    }
}

impl Plainer for OnFailure {
    fn plainer(&self) -> Vec<OnFailure> {
        match self {
            OnFailure::StopsApp => Vec::new(),
            OnFailure::BeginsAnew(1) | OnFailure::IsIgnored => vec![OnFailure::StopsApp],
            OnFailure::BeginsAnew(_) => vec![OnFailure::StopsApp, OnFailure::BeginsAnew(1)],
        }
    }
}

impl Plainer for Anew {
    fn plainer(&self) -> Vec<Anew> {
        match self {
            Anew::All => Vec::new(),
            Anew::Rest => vec![Anew::All],
        }
    }
}
