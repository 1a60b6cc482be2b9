//! Groups, scopes and published values of kit-sync against their peers.

mod comparisons;
mod side;

use self::comparisons::{COMPARISONS, Comparison, What};
use self::side::Programs;
use super::count::cost;
use super::rounds::{Turn, boil_down, round};
use super::table::{Bar, Figures, Row};
use super::{Options, folder};
use crate::Result;

/// Memory hardly varies: it needs no more rounds than show that.
const MEMORY_ROUNDS: usize = 3;

pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    let chosen = chosen(&options.only)?;
    let programs = Programs::build(chosen.iter().any(|comparison| comparison.needs_go()))?;
    chosen
        .into_iter()
        .filter(|comparison| options.pairs > 0 || comparison.what != What::Time)
        .map(|comparison| row(comparison, &programs, options))
        .collect()
}

/// All comparisons, or those of the scenarios that were asked for.
fn chosen(only: &[String]) -> Result<Vec<&'static Comparison>> {
    let names = |comparison: &Comparison, beginning: &String| {
        comparison.scenario.starts_with(beginning.as_str())
    };
    for beginning in only {
        if !COMPARISONS.iter().any(|it| names(it, beginning)) {
            let mut scenarios: Vec<_> = COMPARISONS.iter().map(|it| it.scenario).collect();
            scenarios.dedup();
            let all = scenarios.join(", ");
            return Err(format!("no scenario begins with `{beginning}`; there are: {all}").into());
        }
    }
    Ok(COMPARISONS
        .iter()
        .filter(|it| only.is_empty() || only.iter().any(|beginning| names(it, beginning)))
        .collect())
}

fn row(comparison: &Comparison, programs: &Programs, options: &Options) -> Result<Row> {
    let name = comparison.name();
    println!("==> {name}");
    let missing = comparison.needs_go().then(|| programs.no_go()).flatten();
    let figures = match missing {
        Some(why) => {
            eprintln!("xtask: NOT MEASURED: {name}: {why}");
            Err(why.to_owned())
        }
        None => {
            let figures = figures(comparison, programs, options)?;
            println!("    {:.3} (control {:.3})", figures.ratio, figures.control);
            Ok(figures)
        }
    };
    Ok(Row {
        name,
        figures,
        bar: comparison.bar.map(match comparison.what {
            What::Memory => Bar::MoreByAtMost,
            What::Time | What::Instructions => Bar::AtMost,
        }),
    })
}

/// Measures one comparison: by counting instructions, where a tool does, and else by the clock in
/// alternating rounds. With `--control` the peer runs on both sides.
fn figures(comparison: &Comparison, programs: &Programs, options: &Options) -> Result<Figures> {
    let command = |turn| {
        let side = match turn {
            Turn::Ours if !options.control => &comparison.ours,
            Turn::Ours | Turn::Peer | Turn::Beside => &comparison.peer,
        };
        move |tool: &[String], count| programs.command(tool, comparison, side, count)
    };
    let rounds = match comparison.what {
        What::Instructions => {
            let counted = |turn| {
                let out = folder()?.join("bench-sync.count");
                let cost = cost(comparison.count, &out, |tool, count| {
                    side::figure(&mut command(turn)(tool, count)).map(drop)
                });
                cost.map(|cost| cost.instructions)
            };
            return Ok(Figures::counted(
                counted(Turn::Peer)?,
                counted(Turn::Ours)?,
                counted(Turn::Peer)?,
            ));
        }
        What::Time => options.pairs,
        What::Memory => MEMORY_ROUNDS,
    };
    let rounds = (0..rounds)
        .map(|number| {
            round(number, |turn| {
                side::figure(&mut command(turn)(&[], comparison.count))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(boil_down(&rounds, |figure| *figure))
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn a_scenario_is_chosen_by_how_its_name_begins() {
        let all = chosen(&[]).expect("everything").len();
        let some = chosen(&["group".to_owned(), "memory".to_owned()]).expect("both exist");
        assert!(some.len() < all);
        assert!(some.iter().any(|it| it.scenario == "group-ready"));
        assert!(some.iter().any(|it| it.scenario == "memory"));
        assert!(some.iter().all(|it| it.scenario != "poll"));
    }

    #[test]
    fn a_scenario_that_does_not_exist_is_an_error_that_lists_what_does() {
        let error = chosen(&["grup".to_owned()]).err().expect("a misspelling");
        assert!(error.to_string().contains("group-ready"), "{error}");
    }
}
