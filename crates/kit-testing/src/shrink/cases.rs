//! The cases that are one step smaller than another one.

use super::plainer::{Plainer, times};
use crate::script::{Case, Interruption, Options, What, for_each_list};

/// Every case that is one step smaller, the largest steps first.
pub(super) fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    without_parts(case, &mut all);
    interruptions(case, &mut all);
    options(case, &mut all);
    plainer_parts(case, &mut all);
    all
}

/// Adds the case with another value at one place, for each of these values.
fn change<T>(
    case: &Case,
    all: &mut Vec<Case>,
    values: Vec<T>,
    place: impl Fn(&mut Case) -> &mut T,
) {
    for value in values {
        let mut next = case.clone();
        *place(&mut next) = value;
        all.push(next);
    }
}

fn without_parts(case: &Case, all: &mut Vec<Case>) {
    macro_rules! without {
        ($($parts:ident),*) => {$(
            for index in 0..case.script.$parts.len() {
                let mut next = case.clone();
                next.script.$parts.remove(index);
                keep_target(&mut next);
                all.push(next);
            }
        )*};
    }
    for_each_list!(without!());
}

/// An interruption of a part that is not there any more is of another one, or none.
fn keep_target(case: &mut Case) {
    let script = &case.script;
    let (index, count) = match &mut case.interruption.what {
        What::ServerDies(index) => (index, script.servers.len()),
        What::RegistrationIsLost(index) => (index, script.registries.len()),
        _ => return,
    };
    match count {
        0 => case.interruption = Interruption::none(),
        count => *index = (*index).min(count - 1),
    }
}

/// First none at all, then plainer ones, then a sooner one, then an earlier one: the plainest that still fails
/// says most.
fn interruptions(case: &Case, all: &mut Vec<Case>) {
    let Interruption { event, after, what } = &case.interruption;
    let whats = match what {
        What::Nothing => return,
        What::StopByHandle => vec![],
        What::Signals(signals) if signals.len() > 1 => {
            let without = |index| {
                let mut fewer = signals.clone();
                fewer.remove(index);
                What::Signals(fewer)
            };
            (0..signals.len()).map(without).collect()
        }
        What::IsDrained(Some(after)) => {
            let mut whats = vec![What::StopByHandle, What::IsDrained(None)];
            whats.extend(
                times(*after)
                    .into_iter()
                    .map(|time| What::IsDrained(Some(time))),
            );
            whats
        }
        _ => vec![What::StopByHandle],
    };
    all.push(Case {
        interruption: Interruption::none(),
        ..case.clone()
    });
    change(case, all, whats, |case| &mut case.interruption.what);
    change(case, all, times(*after), |case| {
        &mut case.interruption.after
    });
    change(case, all, times(*event), |case| {
        &mut case.interruption.event
    });
}

fn options(case: &Case, all: &mut Vec<Case>) {
    let usual = Options::default();
    macro_rules! usual {
        ($($field:ident),*) => {$(
            if case.script.options.$field != usual.$field {
                change(case, all, vec![usual.$field.clone()], |case| &mut case.script.options.$field);
            }
        )*};
    }
    usual!(
        stop,
        start,
        hook,
        reload,
        gate,
        register,
        drain_delay,
        background,
        reloads_at,
        ends_at,
        seed
    );
    if let Some(millis) = case.script.options.reloads_at {
        let sooner = times(millis).into_iter().map(Some).collect();
        change(case, all, sooner, |case| {
            &mut case.script.options.reloads_at
        });
    }
}

/// A part of each list made plainer, the parts in their order.
fn plainer_parts(case: &Case, all: &mut Vec<Case>) {
    macro_rules! plainer {
        ($($parts:ident),*) => {$(
            for (at, part) in case.script.$parts.iter().enumerate() {
                change(case, all, part.plainer(), |case| &mut case.script.$parts[at]);
            }
        )*};
    }
    for_each_list!(plainer!());
}
