//! Random programs.

use kit_sync::Ending;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Spawn(Index, Ending, Body),
    /// More failures than a report keeps.
    SpawnFailing(Index, u8),
    Track(Index, Body),
    Hold(Index),
    Child(Index),
    Cancel(Index),
    Close(Index, Deadline),
    Yield,
    DropScope(Index),
    DropHold(Index),
    DropTask(Index),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    Now,
    Soon,
}

/// The steps of a task, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) yields: u8,
    pub(crate) waits: Wait,
    pub(crate) last: Last,
}

impl Body {
    pub(crate) fn fails() -> Body {
        Body {
            yields: 0,
            waits: Wait::Nothing,
            last: Last::Fails,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    Nothing,
    Stop,
    ForEver,
}

#[derive(Clone, Debug)]
pub(crate) enum Last {
    Completes,
    Fails,
    Panics,
    /// In its own scope, where it is refused only after an abort.
    Spawns(Ending),
    /// Its own scope.
    Cancels,
}

pub(crate) fn program() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..40)
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        8 => (index(), ending(), body()).prop_map(|(scope, ending, body)| Step::Spawn(scope, ending, body)),
        1 => (index(), 1..30_u8).prop_map(|(scope, count)| Step::SpawnFailing(scope, count)),
        6 => (index(), body()).prop_map(|(scope, body)| Step::Track(scope, body)),
        5 => index().prop_map(Step::Child),
        4 => Just(Step::Yield),
        2 => index().prop_map(Step::Hold),
        2 => index().prop_map(Step::DropHold),
        2 => index().prop_map(Step::DropScope),
        1 => index().prop_map(Step::DropTask),
        1 => index().prop_map(Step::Cancel),
        1 => (index(), deadline()).prop_map(|(scope, deadline)| Step::Close(scope, deadline)),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::WhenCancelled),
        Just(Ending::Finite),
        Just(Ending::MayBeDropped),
        Just(Ending::MayBeLeftBehind {
            reason: "the program says so".into()
        }),
    ]
}

fn deadline() -> impl Strategy<Value = Deadline> {
    prop_oneof![Just(Deadline::Now), Just(Deadline::Soon)]
}

fn body() -> impl Strategy<Value = Body> {
    let waits = prop_oneof![
        3 => Just(Wait::Nothing),
        3 => Just(Wait::Stop),
        1 => Just(Wait::ForEver),
    ];
    let last = prop_oneof![
        3 => Just(Last::Completes),
        2 => Just(Last::Fails),
        2 => Just(Last::Panics),
        2 => ending().prop_map(Last::Spawns),
        1 => Just(Last::Cancels),
    ];
    (0..4_u8, waits, last).prop_map(|(yields, waits, last)| Body {
        yields,
        waits,
        last,
    })
}
