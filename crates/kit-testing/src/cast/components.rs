//! Workers, groups of them, and jobs, as they are added to the app.

use std::pin::Pin;
use std::time::Duration;

use kit_app::{AppBuilder, BoxError, Every, Phase, Policy, Restarts, WorkerGroup, WorkerOptions};
use kit_transport::Context;

use super::consumer::Run;
use super::{Log, call, nth};
use crate::recording::{Part, Point};
use crate::script::{Anew, Call, GroupScript, LatchUse, Life, MemberScript, OnFailure, Script};

type Work = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

fn options(phase: u16, on_failure: OnFailure) -> WorkerOptions {
    let policy = match on_failure {
        OnFailure::StopsApp => Policy::Stop,
        OnFailure::BeginsAnew(limit) => Policy::Restart(restarts(limit)),
        OnFailure::IsIgnored => Policy::Ignore,
    };
    WorkerOptions::new().phase(Phase::new(phase)).policy(policy)
}

/// At most `limit` within a minute, after 50 ms at first and a second at most.
fn restarts(limit: u64) -> Restarts {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let delays = [50, 1_000].map(Duration::from_millis);
    Restarts::at_most(limit, Duration::from_secs(60)).delays(delays[0], delays[1])
}

/// The runs of a worker, one after the other: `first` with one life after the other.
fn runs(first: Run, lives: Vec<Life>, log: &Log) -> impl FnMut(Context) -> Work + Send + 'static {
    let (log, mut number) = (log.clone(), 0);
    move |ctx| {
        let life = nth(&lives, number);
        number += 1;
        let run = Run { life, ..first };
        Box::pin(run.run(ctx, log.clone()))
    }
}

/// The runs of a job, or the times of periodic work, one after the other.
fn calls(part: Part, calls: Vec<Call>, log: &Log) -> impl FnMut(Context) -> Work + Send + 'static {
    let (log, mut number) = (log.clone(), 0);
    move |ctx| {
        let (run, log) = (nth(&calls, number), log.clone());
        number += 1;
        Box::pin(async move {
            let open = log.begin(part, Point::Run);
            call(run, Some(ctx.scope().token()), open).await
        })
    }
}

pub(crate) fn add_workers(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, script) in script.workers.iter().enumerate() {
        let options = options(script.phase, script.on_failure);
        let part = Part::Worker(index);
        let first = Run {
            part,
            life: script.runs[0],
            takes_every: script.takes_every,
            item_takes: script.item_takes,
            latch: script.latch,
        };
        let runs = runs(first, script.runs.clone(), log);
        app = app.worker_with(part.to_string(), options, runs);
    }
    app
}

pub(crate) fn add_groups(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, script) in script.groups.iter().enumerate() {
        app = app.worker_group(group(index, script, log));
    }
    app
}

/// The members have separate runs, and share the restarts. One that lives is a worker, and one that repeats is periodic
/// work; the number of a member is its place, also in its name.
fn group(index: usize, script: &GroupScript, log: &Log) -> WorkerGroup {
    let (name, restarts) = (Part::Group(index).to_string(), restarts(script.restarts));
    let mut group = match script.anew {
        Anew::All => WorkerGroup::one_for_all(name, restarts),
        Anew::Rest => WorkerGroup::rest_for_one(name, restarts),
    };
    for (place, member) in script.members.iter().enumerate() {
        let (part, name) = (Part::Member(index, place), format!("member{place}"));
        group = match member {
            MemberScript::Lives {
                takes_every,
                item_takes,
                runs: lives,
            } => {
                let first = Run {
                    part,
                    life: lives[0],
                    takes_every: *takes_every,
                    item_takes: *item_takes,
                    latch: LatchUse::NoLatch,
                };
                group.worker(name, runs(first, lives.clone(), log))
            }
            MemberScript::Repeats { every, runs: times } => {
                let every = Every::new(Duration::from_millis(*every));
                group.every(name, every, calls(part, times.clone(), log))
            }
        };
    }
    let restart_limit = Duration::from_millis(script.restart_limit);
    group
        .phase(Phase::new(script.phase))
        .restart_limit(restart_limit)
}

pub(crate) fn add_jobs(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, script) in script.jobs.iter().enumerate() {
        let mut options = options(script.phase, script.on_failure);
        if let Some(limit) = script.awaited {
            options = options.awaited_for(Duration::from_millis(limit));
        }
        let part = Part::Job(index);
        let (name, work) = (part.to_string(), calls(part, script.runs.clone(), log));
        app = match script.every {
            Some(period) => {
                let every = Every::new(Duration::from_millis(period));
                app.every_with(name, every, options, work)
            }
            None => app.job_with(name, options, work),
        };
    }
    app
}
