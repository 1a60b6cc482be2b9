//! Workers and jobs, as they are added to the app.

use std::time::Duration;

use kit_app::{AppBuilder, Every, Phase, Policy, Restarts, WorkerOptions};

use super::{Log, call, nth, worker};
use crate::recording::{Part, Point};
use crate::script::{OnFailure, Script};

fn options(phase: u16, on_failure: OnFailure) -> WorkerOptions {
    let policy = match on_failure {
        OnFailure::StopsApp => Policy::Stop,
        OnFailure::BeginsAnew(limit) => {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let delays = [50, 1_000].map(Duration::from_millis);
            let restarts = Restarts::at_most(limit, Duration::from_secs(60));
            Policy::Restart(restarts.delays(delays[0], delays[1]))
        }
        OnFailure::IsIgnored => Policy::Ignore,
    };
    WorkerOptions::new().phase(Phase::new(phase)).policy(policy)
}

pub(crate) fn add_workers(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, script) in script.workers.iter().enumerate() {
        let options = options(script.phase, script.on_failure);
        let (script, log, mut runs) = (script.clone(), log.clone(), 0);
        app = app.worker_with(Part::Worker(index).to_string(), options, move |ctx| {
            let life = nth(&script.runs, runs);
            runs += 1;
            worker::run(script.clone(), life, index, ctx, log.clone())
        });
    }
    app
}

pub(crate) fn add_jobs(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, script) in script.jobs.iter().enumerate() {
        let mut options = options(script.phase, script.on_failure);
        if let Some(limit) = script.awaited {
            options = options.awaited_for(Duration::from_millis(limit));
        }
        let (part, runs, log, mut number) = (Part::Job(index), script.runs.clone(), log.clone(), 0);
        let work = move |ctx: kit_transport::Context| {
            let (run, log) = (nth(&runs, number), log.clone());
            number += 1;
            async move {
                let open = log.begin(part, Point::Run);
                call(run, Some(ctx.scope().token()), open).await
            }
        };
        let name = part.to_string();
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
