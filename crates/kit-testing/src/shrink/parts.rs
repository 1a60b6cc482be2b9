//! Parts that are one step plainer than another one.

use super::plainer::{Plainer, times, usual, with_fields};
use crate::script::{
    CheckScript, GroupScript, HookScript, JobScript, LastStepScript, MemberScript, RegistryScript,
    ReloadScript, ResourceScript, ServerScript, WorkerScript,
};

impl Plainer for ServerScript {
    fn plainer(&self) -> Vec<ServerScript> {
        let mut all = Vec::new();
        with_fields!(self, all;
            start: self.start.plainer(),
            stop: self.stop.plainer(),
            life: self.life.plainer(),
            latch: self.latch.plainer(),
            spawns: self.spawns.plainer(),
            phase: usual(&self.phase, 200),
        );
        all
    }
}

impl Plainer for WorkerScript {
    fn plainer(&self) -> Vec<WorkerScript> {
        let mut all = Vec::new();
        with_fields!(self, all;
            on_failure: self.on_failure.plainer(),
            takes_every: times(self.takes_every),
            item_takes: times(self.item_takes),
            latch: self.latch.plainer(),
            runs: self.runs.plainer(),
            phase: usual(&self.phase, 100),
        );
        all
    }
}

impl Plainer for GroupScript {
    fn plainer(&self) -> Vec<GroupScript> {
        let mut all = Vec::new();
        with_fields!(self, all;
            members: self.members.plainer(),
            anew: self.anew.plainer(),
            restarts: usual(&self.restarts, 1),
            restart_limit: usual(&self.restart_limit, 5_000),
            phase: usual(&self.phase, 100),
        );
        all
    }
}

impl Plainer for MemberScript {
    /// One field becomes plainer at a time. A worker that lives takes items less often, or has less work with each, or
    /// has plainer runs; one that repeats has plainer runs, as its period is as plain as any other.
    fn plainer(&self) -> Vec<MemberScript> {
        match self {
            MemberScript::Lives {
                takes_every,
                item_takes,
                runs,
            } => {
                let lives = |takes_every, item_takes, runs| MemberScript::Lives {
                    takes_every,
                    item_takes,
                    runs,
                };
                let less_often = times(*takes_every).into_iter();
                let less_often = less_often.map(|time| lives(time, *item_takes, runs.clone()));
                let shorter = times(*item_takes).into_iter();
                let shorter = shorter.map(|time| lives(*takes_every, time, runs.clone()));
                let other = runs.plainer().into_iter();
                let other = other.map(|runs| lives(*takes_every, *item_takes, runs));
                less_often.chain(shorter).chain(other).collect()
            }
            MemberScript::Repeats { every, runs } => {
                let runs = runs.plainer().into_iter();
                runs.map(|runs| MemberScript::Repeats {
                    every: *every,
                    runs,
                })
                .collect()
            }
        }
    }
}

impl Plainer for JobScript {
    fn plainer(&self) -> Vec<JobScript> {
        let mut all = Vec::new();
        with_fields!(self, all;
            on_failure: self.on_failure.plainer(),
            every: usual(&self.every, None),
            awaited: usual(&self.awaited, None),
            runs: self.runs.plainer(),
            phase: usual(&self.phase, 100),
        );
        all
    }
}

impl Plainer for HookScript {
    fn plainer(&self) -> Vec<HookScript> {
        let mut all = Vec::new();
        with_fields!(self, all; call: self.call.plainer(), spawns: self.spawns.plainer());
        all
    }
}

impl Plainer for ReloadScript {
    fn plainer(&self) -> Vec<ReloadScript> {
        let mut all = Vec::new();
        with_fields!(self, all; calls: self.calls.plainer(), spawns: self.spawns.plainer());
        all
    }
}

impl Plainer for ResourceScript {
    fn plainer(&self) -> Vec<ResourceScript> {
        let mut all = Vec::new();
        with_fields!(self, all;
            open: self.open.plainer(),
            close: self.close.plainer(),
            spawns: self.spawns.plainer(),
        );
        all
    }
}

impl Plainer for RegistryScript {
    fn plainer(&self) -> Vec<RegistryScript> {
        let mut all = Vec::new();
        with_fields!(self, all;
            register: self.register.plainer(),
            deregister: self.deregister.plainer(),
            kept_for: usual(&self.kept_for, None),
        );
        all
    }
}

impl Plainer for CheckScript {
    fn plainer(&self) -> Vec<CheckScript> {
        let mut all = Vec::new();
        with_fields!(self, all; runs: self.runs.plainer(), required: usual(&self.required, true));
        all
    }
}

impl Plainer for LastStepScript {
    fn plainer(&self) -> Vec<LastStepScript> {
        let mut all = Vec::new();
        with_fields!(self, all; panics: usual(&self.panics, false));
        all
    }
}
