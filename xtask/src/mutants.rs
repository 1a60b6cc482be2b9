//! `cargo xtask mutants`: whether the tests see it when a line of a crate is wrong.
//!
//! cargo-mutants changes one expression at a time. A sample of such mutants, chosen by a seed, meets
//! the tests of its own crate; one that they let live meets those of the crates that use it.

mod record;
mod tool;

use std::time::{Duration, Instant};

use clap::Args;

use self::record::{Outcome, Record};
use self::tool::{Mutants, Suite};
use crate::Result;
use crate::cargo::target;
use crate::sample::choose;
use crate::step::seconds;

#[derive(Args)]
pub(crate) struct Options {
    /// Takes mutants of these crates.
    #[arg(default_values = ["kit-app", "kit-registry", "kit-transport"])]
    crates: Vec<String>,
    /// How many mutants of each crate.
    #[arg(long, default_value_t = 30)]
    sample: usize,
    /// What the choice depends on. A larger sample of the same seed holds the smaller one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Chooses only among mutants whose name, as cargo-mutants lists it, contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Takes the mutants of this commit. A run that goes on after another commit was made names the
    /// one that it began with.
    #[arg(long, default_value = "HEAD")]
    commit: String,
    /// Begins no mutant after this number of minutes. The next run goes on with the rest.
    #[arg(long, default_value_t = 180)]
    minutes: u64,
}

/// The crates whose tests see what a crate's own cannot: those that use it, up to the process.
const USERS: [(&str, &[&str]); 4] = [
    ("kit-app", &["helloworld"]),
    ("kit-registry", &["kit-app", "helloworld"]),
    ("kit-transport", &["kit-app", "helloworld"]),
    ("kit-sync", &["kit-transport", "kit-registry", "kit-app"]),
];

pub(crate) fn run(options: &Options) -> Result {
    let end = Instant::now() + Duration::from_secs(options.minutes * 60);
    let mut rows = Vec::new();
    for package in &options.crates {
        // Each crate has its own folder, so that two runs for two crates do not meet.
        let folder = target().join("mutants").join(package);
        let mutants = Mutants::prepare(package, &options.commit, &folder)?;
        let all = mutants.names().len();
        let only = &options.only;
        let named = mutants.names().iter().filter(|name| name.contains(only));
        let chosen = choose(named.cloned().collect(), options.sample, options.seed);
        if chosen.is_empty() {
            return Err(format!("{package} has {all} mutants, and none with `{only}`").into());
        }
        let commit = mutants.commit();
        println!("==> {package}: {} of {all} mutants, {commit}", chosen.len());
        let mut record = Record::open(&folder.join("outcomes.tsv"), commit)?;
        rows.push(examine(package, &chosen, end, &mutants, &mut record)?);
    }
    sum_up(options, &rows);
    judge(&rows)
}

/// What came of one crate's sample.
struct Row {
    package: String,
    sample: usize,
    caught: usize,
    timed_out: usize,
    unviable: usize,
    caught_by_users: usize,
    survivors: Vec<String>,
    left: usize,
    /// Why the tests of the crates that use it could not be asked.
    broken: Option<String>,
}

fn examine(
    package: &str,
    chosen: &[String],
    end: Instant,
    mutants: &Mutants,
    record: &mut Record,
) -> Result<Row> {
    let own = Suite::new(&[package]);
    let users = USERS.iter().find(|(name, _)| *name == package);
    let users = Suite::new(users.map_or(&["helloworld"], |(_, users)| users));
    let mut row = Row {
        package: package.to_owned(),
        sample: chosen.len(),
        caught: 0,
        timed_out: 0,
        unviable: 0,
        caught_by_users: 0,
        survivors: Vec::new(),
        left: 0,
        broken: None,
    };
    let mut alive = Vec::new();
    for name in chosen {
        match outcome(name, &own, end, mutants, record)? {
            None => row.left += 1,
            Some(Outcome::Caught) => row.caught += 1,
            Some(Outcome::TimedOut) => row.timed_out += 1,
            Some(Outcome::Unviable) => row.unviable += 1,
            Some(Outcome::Survived) => alive.push(name),
        }
    }
    for name in alive {
        // Tests that fail by themselves say nothing of a mutant; the other crates' may.
        match outcome(name, &users, end, mutants, record) {
            Ok(None) => row.left += 1,
            Ok(Some(Outcome::Survived)) => row.survivors.push(name.clone()),
            Ok(Some(_)) => row.caught_by_users += 1,
            Err(error) => {
                row.left += 1;
                row.broken = Some(error.to_string());
            }
        }
    }
    Ok(row)
}

/// The recorded outcome, else the one of a run now; none after the end.
fn outcome(
    name: &str,
    suite: &Suite,
    end: Instant,
    mutants: &Mutants,
    record: &mut Record,
) -> Result<Option<Outcome>> {
    if let Some(known) = record.get(suite.name(), name) {
        return Ok(Some(known));
    }
    if Instant::now() >= end {
        return Ok(None);
    }
    let limit = suite.limit(mutants)?;
    let start = Instant::now();
    let outcome = mutants.run(name, suite, limit)?;
    let took = start.elapsed();
    let against = suite.name();
    println!("{outcome}, {}, tests of {against}: {name}", seconds(took));
    record.add(against, name, outcome, took)?;
    Ok(Some(outcome))
}

fn sum_up(options: &Options, rows: &[Row]) {
    let Options { sample, seed, .. } = options;
    println!("\nSeed {seed}, {sample} of each crate:\n");
    println!(
        "| crate | mutants | caught | by time-out | by its users' tests | survived | unviable | left |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        println!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
            row.package,
            row.sample,
            row.caught,
            row.timed_out,
            row.caught_by_users,
            row.survivors.len(),
            row.unviable,
            row.left,
        );
    }
    println!();
}

/// A survivor needs a test, or a line in the book that says why there is none.
fn judge(rows: &[Row]) -> Result {
    let survivors: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.survivors.iter().map(String::as_str))
        .collect();
    let left: usize = rows.iter().map(|row| row.left).sum();
    if left > 0 {
        println!("{left} mutants were not run to the end; the same command goes on with them");
    }
    let broken = rows.iter().filter_map(|row| row.broken.clone());
    let survived = survivors
        .iter()
        .map(|name| format!("no test notices: {name}"));
    let problems: Vec<String> = broken.chain(survived).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.join("\n").into())
}
