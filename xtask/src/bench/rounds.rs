//! Alternating rounds: the peer, ours, and the peer once more as the control.

use super::stats::{median, ratio, spread};
use super::table::Figures;
use crate::Result;

/// The program whose turn it is.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    Peer,
    Ours,
}

/// The measurements of one round.
pub(super) struct Round<T> {
    pub(super) peer: T,
    pub(super) ours: T,
    pub(super) control: T,
}

/// The three turns of one round.
pub(super) fn round<T>(
    number: usize,
    mut measure: impl FnMut(Turn) -> Result<T>,
) -> Result<Round<T>> {
    let mut measured = [None, None, None];
    for turn in 0..3 {
        // The first may run on a warmer or cooler core, so each of the three is first in turn.
        let place = (number + turn) % 3;
        let side = if place == 1 { Turn::Ours } else { Turn::Peer };
        measured[place] = Some(measure(side)?);
    }
    let [Some(peer), Some(ours), Some(control)] = measured else {
        unreachable!("three turns fill three places")
    };
    Ok(Round {
        peer,
        ours,
        control,
    })
}

/// Ratios are formed inside a round, where the machine was in one mood; the median is taken of them.
pub(super) fn boil_down<T>(rounds: &[Round<T>], figure: impl Fn(&T) -> f64) -> Figures {
    let each = |side: fn(&Round<T>) -> &T| -> Vec<f64> {
        rounds.iter().map(|round| figure(side(round))).collect()
    };
    let peer = each(|round| &round.peer);
    let ours = each(|round| &round.ours);
    let control = each(|round| &round.control);
    let against_peer = |side: &[f64]| -> Vec<f64> {
        side.iter()
            .zip(&peer)
            .map(|(value, peer)| ratio(*value, *peer))
            .collect()
    };
    let ratios = against_peer(&ours);
    Figures {
        peer: median(&peer),
        ours: median(&ours),
        ratio: median(&ratios),
        spread: Some(spread(&ratios)),
        control: median(&against_peer(&control)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Turn, boil_down, round};

    #[test]
    fn each_of_the_three_comes_first_in_turn_and_the_peer_has_two_turns() {
        let mut orders = Vec::new();
        for number in 0..3 {
            let mut order = String::new();
            round(number, |turn| {
                order.push(match turn {
                    Turn::Peer => 'p',
                    Turn::Ours => 'o',
                });
                Ok(())
            })
            .expect("nothing fails");
            orders.push(order);
        }
        assert_eq!(orders, ["pop", "opp", "ppo"]);
    }

    #[test]
    fn a_slow_round_does_not_show_in_the_ratio() {
        let rounds = [1.0, 100.0, 1.0].map(|mood| {
            round(0, |turn| {
                Ok(match turn {
                    Turn::Peer => mood,
                    Turn::Ours => mood * 2.0,
                })
            })
            .expect("nothing fails")
        });
        let figures = boil_down(&rounds, |value| *value);
        assert!((figures.ratio - 2.0).abs() < 1e-9);
        assert!((figures.control - 1.0).abs() < 1e-9);
    }
}
