//! Scripts and interruptions that are drawn from a seed.

use kit_app::HookStage;

use super::{
    Call, CheckScript, HookScript, Interruption, JobScript, LastStepScript, LatchUse, Life,
    OnFailure, Options, RegistryScript, ResourceScript, Script, ServerScript, What, WorkerScript,
};
use crate::rng::Rng;

/// How many calls of a hundred go wrong, in the scripts of one kind. Many apps have a single fault, or none:
/// what follows from one is seen best without others.
const FAULTS: [u64; 5] = [0, 0, 3, 10, 35];

/// An app.
#[must_use]
pub fn draw_script(seed: u64) -> Script {
    let mut rng = Rng::new(seed);
    let faults = rng.one_of(&FAULTS);
    let mut draw = Draw { rng, faults };
    let rng = &mut draw.rng;
    let options = options(rng);
    let counts = [3, 3, 3, 5, 3, 3, 3, 2].map(|end| rng.below(end));
    let [
        servers,
        workers,
        jobs,
        hooks,
        resources,
        registries,
        checks,
        steps,
    ] = counts;
    Script {
        options,
        servers: (0..servers).map(|_| draw.server()).collect(),
        workers: (0..workers).map(|_| draw.worker()).collect(),
        jobs: (0..jobs).map(|_| draw.job()).collect(),
        hooks: (0..hooks).map(|_| draw.hook()).collect(),
        resources: (0..resources).map(|_| draw.resource()).collect(),
        registries: (0..registries).map(|_| draw.registry()).collect(),
        checks: (0..checks).map(|_| draw.check()).collect(),
        last_steps: (0..steps).map(|_| draw.last_step()).collect(),
    }
}

/// An interruption of a run that has `events` events when nothing interrupts it.
#[must_use]
pub fn draw_interruption(seed: u64, script: &Script, events: u64) -> Interruption {
    let mut rng = Rng::new(seed);
    let event = rng.below(events + 1);
    let after = if rng.chance(60) { 0 } else { time(&mut rng) };
    let what = match rng.below(10) {
        0 | 1 => What::StopByHandle,
        2..=5 => What::Signals(signals(&mut rng)),
        6 => What::ParentEnds,
        7 if !script.servers.is_empty() => What::ServerDies(index(&mut rng, script.servers.len())),
        8 if !script.registries.is_empty() => {
            What::RegistrationIsLost(index(&mut rng, script.registries.len()))
        }
        _ => What::IsDrained(rng.chance(70).then(|| time(&mut rng))),
    };
    Interruption { event, after, what }
}

fn index(rng: &mut Rng, count: usize) -> usize {
    usize::try_from(rng.below(count as u64)).unwrap_or_default()
}

/// SIGTERM, SIGINT and SIGQUIT in every order, once or several times, or a SIGHUP.
fn signals(rng: &mut Rng) -> Vec<(u64, i32)> {
    const HUP: i32 = 1;
    const INT: i32 = 2;
    const QUIT: i32 = 3;
    const TERM: i32 = 15;
    let mut signals = vec![(0, rng.one_of(&[TERM, TERM, TERM, INT, INT, QUIT, HUP]))];
    while rng.chance(40) {
        let gap = rng.one_of(&[0, 1, 99, 100, 101, 250, 1_000, 5_000]);
        signals.push((gap, rng.one_of(&[TERM, INT, INT, QUIT])));
    }
    signals
}

/// A time, mostly a short one, and often the same as another: what comes at one instant is where orders differ.
fn time(rng: &mut Rng) -> u64 {
    match rng.below(20) {
        0..=8 => 0,
        9..=12 => rng.one_of(&[1, 10, 50, 100]),
        13..=16 => rng.below(500),
        17 | 18 => rng.below(3_000),
        _ => rng.below(12_000),
    }
}

/// A time that is not 0.
fn period(rng: &mut Rng) -> u64 {
    10 + time(rng)
}

fn options(rng: &mut Rng) -> Options {
    Options {
        stop: rng.one_of(&[400, 1_000, 3_000, 5_000, 20_000, 20_000, 30_000]),
        start: rng.one_of(&[200, 15_000, 15_000, 15_000]),
        hook: rng.one_of(&[300, 300_000, 300_000, 300_000]),
        gate: rng.one_of(&[300, 300_000, 300_000, 300_000]),
        register: rng.one_of(&[300, 8_000, 8_000, 8_000]),
        drain_delay: rng.one_of(&[None, Some(0), Some(0), Some(100), Some(5_000)]),
        background: rng.chance(20),
        ends_at: rng.one_of(&[500, 1_000, 3_000, 8_000]),
        seed: rng.below(1_000),
    }
}

/// The parts of one script.
struct Draw {
    rng: Rng,
    faults: u64,
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

    fn server(&mut self) -> ServerScript {
        let latch = match self.rng.below(10) {
            0 | 1 => LatchUse::OpensAfter(time(&mut self.rng)),
            2 if self.rng.chance(self.faults) => LatchUse::GivesUpAfter(time(&mut self.rng)),
            3 if self.rng.chance(self.faults) => LatchUse::NeverOpens,
            _ => LatchUse::NoLatch,
        };
        ServerScript {
            phase: self.phase(200),
            start: self.call(),
            life: self.life(),
            stop: self.call(),
            latch,
            spawns: self.spawned(),
        }
    }

    fn worker(&mut self) -> WorkerScript {
        let has_queue = self.rng.chance(60);
        let count = 1 + self.rng.below(2);
        WorkerScript {
            phase: self.phase(100),
            on_failure: self.on_failure(),
            takes_every: if has_queue {
                300 + period(&mut self.rng)
            } else {
                0
            },
            item_takes: time(&mut self.rng),
            runs: (0..count).map(|_| self.life()).collect(),
        }
    }

    fn job(&mut self) -> JobScript {
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

    fn hook(&mut self) -> HookScript {
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

    fn resource(&mut self) -> ResourceScript {
        ResourceScript {
            open: self.call(),
            close: self.call(),
            spawns: self.spawned(),
        }
    }

    fn registry(&mut self) -> RegistryScript {
        let is_lost = self.rng.chance(20);
        RegistryScript {
            register: self.calls(),
            deregister: self.calls(),
            kept_for: is_lost.then(|| 50 + time(&mut self.rng)),
        }
    }

    fn check(&mut self) -> CheckScript {
        CheckScript {
            required: self.rng.chance(60),
            period: 1_000 + time(&mut self.rng),
            runs: self.calls(),
        }
    }

    fn last_step(&mut self) -> LastStepScript {
        LastStepScript {
            limit: 1 + time(&mut self.rng),
            panics: self.rng.chance(self.faults),
            after_events: self.rng.chance(40),
        }
    }
}
