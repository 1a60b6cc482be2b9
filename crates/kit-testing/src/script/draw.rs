//! Scripts and interruptions that are drawn from a seed.

mod interruption;
mod parts;
mod times;

pub use interruption::draw_interruption;

use super::{Options, Script};
use crate::rng::Rng;
use parts::Draw;
use times::time;

/// How many calls of a hundred go wrong, in the scripts of one kind. Many apps have a single fault, or none:
/// what follows from one is seen best without others.
const FAULTS: [u64; 5] = [0, 0, 3, 10, 35];

/// An app.
#[must_use]
pub fn draw_script(seed: u64) -> Script {
    let mut rng = Rng::new(seed);
    let faults = rng.one_of(&FAULTS);
    let mut options = options(&mut rng);
    let groups = u64::from(rng.chance(40));
    // A run takes as long as it has parts.
    let [servers, workers, jobs] = [3, 3 - groups, 3].map(|end| rng.below(end));
    let [hooks, reload_hooks, resources] = [5, 3, 3].map(|end| rng.below(end));
    let [registries, checks, last_steps] = [3, 3, 2].map(|end| rng.below(end));
    if reload_hooks > 0 && rng.chance(50) {
        options.reloads_at = Some(time(&mut rng));
    }
    let mut draw = Draw { rng, faults };
    Script {
        options,
        servers: (0..servers).map(|_| draw.server()).collect(),
        workers: (0..workers).map(|_| draw.worker()).collect(),
        groups: (0..groups).map(|_| draw.group()).collect(),
        jobs: (0..jobs).map(|_| draw.job()).collect(),
        hooks: (0..hooks).map(|_| draw.hook()).collect(),
        reload_hooks: (0..reload_hooks).map(|_| draw.reload_hook()).collect(),
        resources: (0..resources).map(|_| draw.resource()).collect(),
        registries: (0..registries).map(|_| draw.registry()).collect(),
        checks: (0..checks).map(|_| draw.check()).collect(),
        last_steps: (0..last_steps).map(|_| draw.last_step()).collect(),
    }
}

fn options(rng: &mut Rng) -> Options {
    Options {
        stop: rng.one_of(&[400, 1_000, 3_000, 5_000, 20_000, 20_000, 30_000]),
        start: rng.one_of(&[200, 15_000, 15_000, 15_000]),
        hook: rng.one_of(&[300, 300_000, 300_000, 300_000]),
        reload: rng.one_of(&[300, 1_000, 30_000, 30_000]),
        gate: rng.one_of(&[300, 300_000, 300_000, 300_000]),
        register: rng.one_of(&[300, 8_000, 8_000, 8_000]),
        drain_delay: rng.one_of(&[None, Some(0), Some(0), Some(100), Some(5_000)]),
        background: rng.chance(20),
        reloads_at: None,
        ends_at: rng.one_of(&[500, 1_000, 3_000, 8_000]),
        seed: rng.below(1_000),
    }
}
