//! The parts of a script.

use kit_app::HookStage;

use super::super::{
    Anew, Call, CheckScript, GroupScript, HookScript, JobScript, LastStepScript, LatchUse, Life,
    MemberScript, OnFailure, RegistryScript, ReloadScript, ResourceScript, ServerScript,
    WorkerScript,
};
use super::times::{period, time};
use crate::rng::Rng;

/// The parts of one script.
pub(super) struct Draw {
    pub(super) rng: Rng,
    pub(super) faults: u64,
}

impl Draw {
    fn call(&mut self) -> Call {
        let rng = &mut self.rng;
        if !rng.chance(self.faults) {
            return Call::Succeeds(time(rng));
        }
        match rng.below(6) {
            0 | 1 => Call::Fails(time(rng)),
            2 => Call::Panics(time(rng)),
            3 => Call::EndsAtCancel,
            4 => Call::FailsAtCancel,
            _ => Call::Hangs,
        }
    }

    /// Some calls, one after the other.
    fn calls(&mut self) -> Vec<Call> {
        let count = 1 + self.rng.below(3);
        (0..count).map(|_| self.call()).collect()
    }

    fn life(&mut self) -> Life {
        let rng = &mut self.rng;
        if !rng.chance(self.faults) {
            return Life::Drains(time(rng));
        }
        match rng.below(7) {
            0 => Life::EndsAfter(time(rng)),
            1 | 2 => Life::FailsAfter(time(rng)),
            3 => Life::PanicsAfter(time(rng)),
            4 => Life::FailsInDrain(time(rng)),
            5 => Life::PanicsInDrain(time(rng)),
            _ => Life::NeverEnds,
        }
    }

    /// Some lives, one after the other.
    fn lives(&mut self) -> Vec<Life> {
        let count = 1 + self.rng.below(2);
        (0..count).map(|_| self.life()).collect()
    }

    fn spawned(&mut self) -> Option<Life> {
        self.rng.chance(15).then(|| self.life())
    }

    fn phase(&mut self, usual: u16) -> u16 {
        let other = self.rng.one_of(&[50, 100, 150, 200, 300]);
        if self.rng.chance(70) { usual } else { other }
    }

    fn on_failure(&mut self) -> OnFailure {
        match self.rng.below(4) {
            0 | 1 => OnFailure::StopsApp,
            2 => OnFailure::BeginsAnew(1 + self.rng.below(3)),
            _ => OnFailure::IsIgnored,
        }
    }

    fn latch(&mut self) -> LatchUse {
        match self.rng.below(10) {
            0 | 1 => LatchUse::OpensAfter(time(&mut self.rng)),
            2 if self.rng.chance(self.faults) => LatchUse::GivesUpAfter(time(&mut self.rng)),
            3 if self.rng.chance(self.faults) => LatchUse::NeverOpens,
            _ => LatchUse::NoLatch,
        }
    }

    /// How often a worker takes an item; 0 for one without a queue.
    fn takes_every(&mut self) -> u64 {
        let has_queue = self.rng.chance(60);
        if has_queue {
            300 + period(&mut self.rng)
        } else {
            0
        }
    }

    pub(super) fn server(&mut self) -> ServerScript {
        let latch = self.latch();
        ServerScript {
            phase: self.phase(200),
            start: self.call(),
            life: self.life(),
            stop: self.call(),
            latch,
            spawns: self.spawned(),
        }
    }

    pub(super) fn worker(&mut self) -> WorkerScript {
        WorkerScript {
            phase: self.phase(100),
            on_failure: self.on_failure(),
            takes_every: self.takes_every(),
            item_takes: time(&mut self.rng),
            latch: self.latch(),
            runs: self.lives(),
        }
    }

    pub(super) fn group(&mut self) -> GroupScript {
        let count = 1 + self.rng.below(3);
        GroupScript {
            phase: self.phase(100),
            anew: self.rng.one_of(&[Anew::All, Anew::Rest]),
            restarts: 1 + self.rng.below(3),
            restart_limit: self.rng.one_of(&[100, 1_000, 5_000, 5_000]),
            members: (0..count).map(|_| self.member()).collect(),
        }
    }

    fn member(&mut self) -> MemberScript {
        if self.rng.chance(25) {
            return MemberScript::Repeats {
                every: 500 + period(&mut self.rng),
                runs: self.calls(),
            };
        }
        MemberScript::Lives {
            takes_every: self.takes_every(),
            item_takes: time(&mut self.rng),
            runs: self.lives(),
        }
    }

    pub(super) fn job(&mut self) -> JobScript {
        let every = self.rng.chance(30).then(|| 500 + period(&mut self.rng));
        let is_awaited = every.is_none() && self.rng.chance(30);
        JobScript {
            phase: self.phase(100),
            on_failure: self.on_failure(),
            every,
            awaited: is_awaited.then(|| self.rng.one_of(&[200, 5_000, 60_000])),
            runs: self.calls(),
        }
    }

    pub(super) fn hook(&mut self) -> HookScript {
        let stages = [
            HookStage::BeforeStart,
            HookStage::AfterStart,
            HookStage::BeforeStop,
            HookStage::AfterStop,
        ];
        HookScript {
            stage: self.rng.one_of(&stages),
            call: self.call(),
            spawns: self.spawned(),
        }
    }

    pub(super) fn reload_hook(&mut self) -> ReloadScript {
        ReloadScript {
            calls: self.calls(),
            spawns: self.spawned(),
        }
    }

    pub(super) fn resource(&mut self) -> ResourceScript {
        ResourceScript {
            open: self.call(),
            close: self.call(),
            spawns: self.spawned(),
        }
    }

    pub(super) fn registry(&mut self) -> RegistryScript {
        let is_lost = self.rng.chance(20);
        RegistryScript {
            register: self.calls(),
            deregister: self.calls(),
            kept_for: is_lost.then(|| 50 + time(&mut self.rng)),
        }
    }

    pub(super) fn check(&mut self) -> CheckScript {
        CheckScript {
            required: self.rng.chance(60),
            period: 1_000 + time(&mut self.rng),
            runs: self.calls(),
        }
    }

    pub(super) fn last_step(&mut self) -> LastStepScript {
        LastStepScript {
            limit: 1 + time(&mut self.rng),
            panics: self.rng.chance(self.faults),
            after_events: self.rng.chance(40),
        }
    }
}
