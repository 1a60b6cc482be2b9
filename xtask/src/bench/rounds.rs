//! Alternating rounds: the peer, ours, and the peer once more as the control.

use super::stats::{median, ratio, spread};
use super::table::Figures;
use crate::Result;

/// The program whose turn it is.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    Peer,
    Ours,
    /// A second peer, measured in the same rounds.
    Beside,
}

/// The measurements of one round.
pub(super) struct Round<T> {
    pub(super) peer: T,
    pub(super) ours: T,
    pub(super) control: T,
    pub(super) beside: Option<T>,
}

/// The three turns of one round.
pub(super) fn round<T>(number: usize, measure: impl FnMut(Turn) -> Result<T>) -> Result<Round<T>> {
    let [peer, ours, control] = turns(number, [Turn::Peer, Turn::Ours, Turn::Peer], measure)?;
    Ok(Round {
        peer,
        ours,
        control,
        beside: None,
    })
}

/// The four turns of a round with a second peer.
pub(super) fn round_with_two_peers<T>(
    number: usize,
    measure: impl FnMut(Turn) -> Result<T>,
) -> Result<Round<T>> {
    let order = [Turn::Peer, Turn::Ours, Turn::Beside, Turn::Peer];
    let [peer, ours, beside, control] = turns(number, order, measure)?;
    Ok(Round {
        peer,
        ours,
        control,
        beside: Some(beside),
    })
}

/// One measurement for each place of `order`. The first may run on a warmer or cooler core, so each
/// of them is first in turn.
fn turns<T, const N: usize>(
    number: usize,
    order: [Turn; N],
    mut measure: impl FnMut(Turn) -> Result<T>,
) -> Result<[T; N]> {
    let mut measured = [const { None }; N];
    for turn in 0..N {
        let place = (number + turn) % N;
        measured[place] = Some(measure(order[place])?);
    }
    Ok(measured.map(|value| value.expect("a turn for each place")))
}

/// Ours against the peer.
pub(super) fn boil_down<T>(rounds: &[Round<T>], figure: impl Fn(&T) -> f64) -> Figures {
    boil_down_against(rounds, figure, |round| &round.peer)
}

/// Ours against the second peer; the control is that of the first one, from the same rounds.
///
/// # Panics
///
/// Without a second peer.
pub(super) fn boil_down_beside<T>(rounds: &[Round<T>], figure: impl Fn(&T) -> f64) -> Figures {
    boil_down_against(rounds, figure, beside)
}

/// Ratios are formed inside a round, where the machine was in one mood; the median is taken of them.
fn boil_down_against<T>(
    rounds: &[Round<T>],
    figure: impl Fn(&T) -> f64,
    other: fn(&Round<T>) -> &T,
) -> Figures {
    let other = each(rounds, &figure, other);
    let ours = each(rounds, &figure, |round| &round.ours);
    let ratios = quotients(&ours, &other);
    Figures {
        peer: median(&other),
        ours: median(&ours),
        ratio: median(&ratios),
        spread: Some(spread(&ratios)),
        control: control(rounds, &figure),
    }
}

/// What ours reaches of the peer, against what the second peer reaches of it.
///
/// # Panics
///
/// Without a second peer.
pub(super) fn boil_down_reached<T>(rounds: &[Round<T>], figure: impl Fn(&T) -> f64) -> Figures {
    let peer = each(rounds, &figure, |round| &round.peer);
    let reached = |side: fn(&Round<T>) -> &T| quotients(&each(rounds, &figure, side), &peer);
    let (beside, ours) = (reached(beside), reached(|round| &round.ours));
    let ratios = quotients(&ours, &beside);
    Figures {
        peer: median(&beside),
        ours: median(&ours),
        ratio: median(&ratios),
        spread: Some(spread(&ratios)),
        control: control(rounds, &figure),
    }
}

fn beside<T>(round: &Round<T>) -> &T {
    round.beside.as_ref().expect("rounds with two peers")
}

fn each<T>(rounds: &[Round<T>], figure: impl Fn(&T) -> f64, side: fn(&Round<T>) -> &T) -> Vec<f64> {
    rounds.iter().map(|round| figure(side(round))).collect()
}

fn quotients(parts: &[f64], wholes: &[f64]) -> Vec<f64> {
    let pairs = parts.iter().zip(wholes);
    pairs.map(|(part, whole)| ratio(*part, *whole)).collect()
}

/// The peer against itself.
fn control<T>(rounds: &[Round<T>], figure: impl Fn(&T) -> f64) -> f64 {
    let peer = each(rounds, &figure, |round| &round.peer);
    let again = each(rounds, &figure, |round| &round.control);
    median(&quotients(&again, &peer))
}

#[cfg(test)]
mod tests {
    use super::{
        Round, Turn, boil_down, boil_down_beside, boil_down_reached, round, round_with_two_peers,
    };
    use crate::Result;

    fn orders<T>(
        round: impl Fn(usize, &mut dyn FnMut(Turn) -> Result) -> Result<T>,
    ) -> Vec<String> {
        let mut orders = Vec::new();
        for number in 0..4 {
            let mut order = String::new();
            round(number, &mut |turn| {
                order.push(match turn {
                    Turn::Peer => 'p',
                    Turn::Ours => 'o',
                    Turn::Beside => 'b',
                });
                Ok(())
            })
            .expect("nothing fails");
            orders.push(order);
        }
        orders
    }

    #[test]
    fn each_turn_comes_first_once_and_the_peer_has_two() {
        let three = orders(|number, measure| round(number, measure));
        assert_eq!(three, ["pop", "opp", "ppo", "pop"]);
        let four = orders(|number, measure| round_with_two_peers(number, measure));
        assert_eq!(four, ["pobp", "obpp", "bppo", "ppob"]);
    }

    /// The machine is a hundred times slower in the second round; ours is 2, the second peer 4.
    fn moody() -> Vec<Round<f64>> {
        let rounds = [1.0, 100.0, 1.0].map(|mood| {
            round_with_two_peers(0, |turn| {
                Ok(match turn {
                    Turn::Peer => mood,
                    Turn::Ours => mood * 2.0,
                    Turn::Beside => mood * 4.0,
                })
            })
        });
        rounds.map(|round| round.expect("nothing fails")).into()
    }

    #[test]
    fn a_slow_round_does_not_show_in_the_ratio() {
        let figures = boil_down(&moody(), |value| *value);
        assert!((figures.ratio - 2.0).abs() < 1e-9);
        assert!((figures.control - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_second_peer_is_compared_inside_the_round_as_well() {
        let figures = boil_down_beside(&moody(), |value| *value);
        assert!((figures.ratio - 0.5).abs() < 1e-9);
        assert!((figures.peer - 4.0).abs() < 1e-9);
        let figures = boil_down_reached(&moody(), |value| *value);
        assert!((figures.ratio - 0.5).abs() < 1e-9);
        assert!((figures.peer - 4.0).abs() < 1e-9 && (figures.ours - 2.0).abs() < 1e-9);
    }
}
