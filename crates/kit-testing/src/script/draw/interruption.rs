//! The interruption of a run.

use super::super::signals::{DUMP, HUP, INT, QUIT, TERM};
use super::super::{Interruption, Script, What};
use super::times::time;
use crate::rng::Rng;

/// An interruption of a run that has `events` events when nothing interrupts it.
#[must_use]
pub fn draw_interruption(seed: u64, script: &Script, events: u64) -> Interruption {
    let mut rng = Rng::new(seed);
    let event = rng.below(events + 1);
    let after = if rng.chance(60) { 0 } else { time(&mut rng) };
    let what = match rng.below(11) {
        0 | 1 => What::StopByHandle,
        2..=5 => What::Signals(signals(&mut rng)),
        6 => What::ParentEnds,
        7 if !script.servers.is_empty() => What::ServerDies(index(&mut rng, script.servers.len())),
        8 if !script.registries.is_empty() => {
            What::RegistrationIsLost(index(&mut rng, script.registries.len()))
        }
        9 if !script.reload_hooks.is_empty() => What::IsReloaded,
        _ => What::IsDrained(rng.chance(70).then(|| time(&mut rng))),
    };
    Interruption { event, after, what }
}

fn index(rng: &mut Rng, count: usize) -> usize {
    usize::try_from(rng.below(count as u64)).unwrap_or_default()
}

/// Signals of every kind in every order, once or several times.
fn signals(rng: &mut Rng) -> Vec<(u64, i32)> {
    let first = [TERM, TERM, TERM, INT, INT, QUIT, HUP, HUP, DUMP];
    let mut signals = vec![(0, rng.one_of(&first))];
    while rng.chance(40) {
        let gap = rng.one_of(&[0, 1, 99, 100, 101, 250, 1_000, 5_000]);
        let next = [TERM, TERM, INT, INT, INT, QUIT, QUIT, HUP, DUMP];
        signals.push((gap, rng.one_of(&next)));
    }
    signals
}
