//! The cases that are one step smaller than another one.

use super::behaviours::{calls, latches, lives, on_failures, times};
use crate::script::{Case, Interruption, Options, What};

/// Every case that is one step smaller, the largest steps first.
pub(super) fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    without_parts(case, &mut all);
    interruptions(case, &mut all);
    options(case, &mut all);
    servers(case, &mut all);
    workers(case, &mut all);
    jobs(case, &mut all);
    hooks_and_resources(case, &mut all);
    registries(case, &mut all);
    checks_and_steps(case, &mut all);
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
    without!(
        servers, workers, jobs, resources, registries, checks, hooks, last_steps
    );
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
        gate,
        register,
        drain_delay,
        background,
        ends_at,
        seed
    );
}

fn servers(case: &Case, all: &mut Vec<Case>) {
    for (at, server) in case.script.servers.iter().enumerate() {
        change(case, all, calls(server.start), |case| {
            &mut case.script.servers[at].start
        });
        change(case, all, calls(server.stop), |case| {
            &mut case.script.servers[at].stop
        });
        change(case, all, lives(server.life), |case| {
            &mut case.script.servers[at].life
        });
        change(case, all, latches(server.latch), |case| {
            &mut case.script.servers[at].latch
        });
        let spawned = server.spawns.into_iter();
        let spawned =
            spawned.flat_map(|life| [None].into_iter().chain(lives(life).into_iter().map(Some)));
        change(case, all, spawned.collect(), |case| {
            &mut case.script.servers[at].spawns
        });
        let phases = phases(server.phase, 200);
        change(case, all, phases, |case| &mut case.script.servers[at].phase);
    }
}

fn workers(case: &Case, all: &mut Vec<Case>) {
    for (at, worker) in case.script.workers.iter().enumerate() {
        change(case, all, on_failures(worker.on_failure), |case| {
            &mut case.script.workers[at].on_failure
        });
        change(case, all, times(worker.takes_every), |case| {
            &mut case.script.workers[at].takes_every
        });
        change(case, all, times(worker.item_takes), |case| {
            &mut case.script.workers[at].item_takes
        });
        change(case, all, lists(&worker.runs, lives), |case| {
            &mut case.script.workers[at].runs
        });
        let phases = phases(worker.phase, 100);
        change(case, all, phases, |case| &mut case.script.workers[at].phase);
    }
}

fn jobs(case: &Case, all: &mut Vec<Case>) {
    for (at, job) in case.script.jobs.iter().enumerate() {
        change(case, all, on_failures(job.on_failure), |case| {
            &mut case.script.jobs[at].on_failure
        });
        if job.every.is_some() {
            change(case, all, vec![None], |case| {
                &mut case.script.jobs[at].every
            });
        }
        if job.awaited.is_some() {
            change(case, all, vec![None], |case| {
                &mut case.script.jobs[at].awaited
            });
        }
        change(case, all, lists(&job.runs, calls), |case| {
            &mut case.script.jobs[at].runs
        });
        let phases = phases(job.phase, 100);
        change(case, all, phases, |case| &mut case.script.jobs[at].phase);
    }
}

fn phases(phase: u16, usual: u16) -> Vec<u16> {
    if phase == usual { vec![] } else { vec![usual] }
}

/// The list without one of its values, of which one has to stay, and with a plainer one.
fn lists<T: Copy>(values: &[T], plainer: impl Fn(T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    for at in 0..values.len() {
        if values.len() > 1 {
            let mut fewer = values.to_vec();
            fewer.remove(at);
            all.push(fewer);
        }
        for value in plainer(values[at]) {
            let mut next = values.to_vec();
            next[at] = value;
            all.push(next);
        }
    }
    all
}

fn hooks_and_resources(case: &Case, all: &mut Vec<Case>) {
    for (at, hook) in case.script.hooks.iter().enumerate() {
        change(case, all, calls(hook.call), |case| {
            &mut case.script.hooks[at].call
        });
        let spawned = hook.spawns.into_iter();
        let spawned =
            spawned.flat_map(|life| [None].into_iter().chain(lives(life).into_iter().map(Some)));
        change(case, all, spawned.collect(), |case| {
            &mut case.script.hooks[at].spawns
        });
    }
    for (at, resource) in case.script.resources.iter().enumerate() {
        change(case, all, calls(resource.open), |case| {
            &mut case.script.resources[at].open
        });
        change(case, all, calls(resource.close), |case| {
            &mut case.script.resources[at].close
        });
        let spawned = resource.spawns.into_iter();
        let spawned =
            spawned.flat_map(|life| [None].into_iter().chain(lives(life).into_iter().map(Some)));
        change(case, all, spawned.collect(), |case| {
            &mut case.script.resources[at].spawns
        });
    }
}

fn registries(case: &Case, all: &mut Vec<Case>) {
    for (at, registry) in case.script.registries.iter().enumerate() {
        change(case, all, lists(&registry.register, calls), |case| {
            &mut case.script.registries[at].register
        });
        change(case, all, lists(&registry.deregister, calls), |case| {
            &mut case.script.registries[at].deregister
        });
        if registry.kept_for.is_some() {
            change(case, all, vec![None], |case| {
                &mut case.script.registries[at].kept_for
            });
        }
    }
}

fn checks_and_steps(case: &Case, all: &mut Vec<Case>) {
    for (at, check) in case.script.checks.iter().enumerate() {
        change(case, all, lists(&check.runs, calls), |case| {
            &mut case.script.checks[at].runs
        });
        if !check.required {
            change(case, all, vec![true], |case| {
                &mut case.script.checks[at].required
            });
        }
    }
    for (at, step) in case.script.last_steps.iter().enumerate() {
        if step.panics {
            change(case, all, vec![false], |case| {
                &mut case.script.last_steps[at].panics
            });
        }
    }
}
