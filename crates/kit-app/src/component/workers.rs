//! A component that consists of workers: one alone, or a group that begins anew together.

mod closing;
mod failure_count;
mod first_step;
mod member;
mod run_ends;
mod supervisor;

use std::sync::Arc;

use async_trait::async_trait;
use kit_sync::BoxError;
use kit_transport::{Context, Listening, Phase, Server};

use super::supervision::Supervision;
use crate::Error;
use crate::names::{WORKER, wrong_names};
use crate::worker::work::{Work, WorkKind};
use crate::worker::{Together, WorkerGroup, WorkerOptions};
use crate::wrong_options::WrongOptions;
use supervisor::WorkerSupervisor;

/// Workers that are started, drained and reported as one component.
pub(crate) struct Workers {
    name: String,
    works: Vec<Arc<Work>>,
    /// None for a worker alone.
    together: Option<Together>,
    options: WorkerOptions,
}

impl Workers {
    /// A worker or a job that has a component to itself.
    pub(crate) fn alone(work: Work, options: WorkerOptions) -> Workers {
        Workers {
            name: work.name.clone(),
            works: vec![Arc::new(work)],
            together: None,
            options,
        }
    }

    pub(crate) fn group(group: WorkerGroup) -> Workers {
        Workers {
            name: group.name,
            works: group.works.into_iter().map(Arc::new).collect(),
            together: Some(group.together),
            options: group.options,
        }
    }

    /// All faults of the workers of a group. One that is alone has the name of its component, which is
    /// checked with the others.
    fn check_names(&self) -> Vec<Error> {
        if self.together.is_none() {
            return Vec::new();
        }
        if self.works.is_empty() {
            let error = Error::option("WorkerGroup::worker", "empty", "given at least once");
            return vec![error];
        }
        wrong_names(self.works.iter().map(|work| (WORKER, &*work.name)))
    }
}

#[async_trait]
impl Server for Workers {
    fn name(&self) -> &str {
        &self.name
    }

    fn phase(&self) -> Phase {
        self.options.phase
    }

    fn check(&self) -> Result<(), BoxError> {
        let mut wrong = self.check_names();
        let is_job = |work: &Arc<Work>| matches!(work.kind, WorkKind::Job);
        wrong.extend(self.options.errors(self.works.iter().all(is_job)));
        for work in &self.works {
            if let WorkKind::Every(every) = &work.kind {
                let of = match self.together {
                    Some(_) => format!(" for the worker `{}`", work.name),
                    None => String::new(),
                };
                let every = every.check().into_iter().map(|wrong| wrong.of(&of));
                wrong.extend(Error::of_options("Every", every));
            }
        }
        WrongOptions::unless_none(wrong)
    }

    /// Begins the workers and their supervisor, which is the task that lasts as long as any of them. A worker may take a
    /// latch in its first step, so the start waits for the first steps: the gate would open without that latch.
    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        let supervision = ctx.app::<Arc<Supervision>>();
        let supervision = supervision.ok_or("workers are supervised by an app")?;
        supervision.judge_by(self.options.policy);
        if let Some(limit) = self.options.awaited {
            supervision.mark_awaited(limit);
        }
        let mut supervisor = WorkerSupervisor::new(
            &self.works,
            self.together,
            self.options,
            ctx,
            Arc::clone(supervision),
        );
        first_step::all_taken(supervisor.begin()).await;
        ctx.scope().spawn("supervisor", supervisor.run());
        Ok(Vec::new())
    }

    fn finite(&self) -> bool {
        true
    }

    fn auxiliary(&self) -> bool {
        self.options.is_auxiliary
    }
}

#[cfg(test)]
mod tests;
