//! The sum of many stops of one case, and the table of all cases.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use crate::load::Outcome;

/// The sum of many stops of one case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) stops: usize,
    pub(crate) outcome: Outcome,
    longest: Duration,
    bad_exits: usize,
}

impl Sum {
    /// Counts a stop, by what the server's process said and how long it took.
    pub(crate) fn add_stop(&mut self, (status, took): (ExitStatus, Duration)) {
        self.stops += 1;
        self.longest = self.longest.max(took);
        self.bad_exits += usize::from(!status.success());
    }

    fn add(&mut self, other: &Sum) {
        self.stops += other.stops;
        self.outcome.add(&other.outcome);
        self.longest = self.longest.max(other.longest);
        self.bad_exits += other.bad_exits;
    }

    fn print(&self, name: &str) {
        println!(
            "| {name} | {} | {} | {} | {} | {:.1?} | {} |",
            self.stops,
            self.outcome.answered,
            self.outcome.asked_again,
            self.outcome.failures(),
            self.longest,
            self.bad_exits,
        );
    }
}

/// The rows that were printed, by the name that sums them up.
pub(crate) struct Table {
    totals: BTreeMap<String, Sum>,
    failed: bool,
}

impl Table {
    pub(crate) fn begin() -> Table {
        print_head();
        Table {
            totals: BTreeMap::new(),
            failed: false,
        }
    }

    /// Prints a case, and below it what failed in it. `total` names the row that sums it up, and
    /// `must_not_fail` is of the cases that the end is judged by.
    pub(crate) fn add(&mut self, name: &str, total: String, must_not_fail: bool, sum: &Sum) {
        sum.print(name);
        for (why, count) in &sum.outcome.failed {
            eprintln!("    {count} × {why}");
        }
        let failed = sum.outcome.failures() > 0 || sum.bad_exits > 0;
        self.failed |= must_not_fail && failed;
        self.totals.entry(total).or_default().add(sum);
    }

    /// Prints the sums, and says whether a case failed that must not.
    pub(crate) fn finish(self) -> bool {
        println!();
        print_head();
        for (name, sum) in &self.totals {
            sum.print(name);
        }
        self.failed
    }
}

fn print_head() {
    println!(
        "| case | stops | answered | asked again | failed | longest stop | exit codes but 0 |"
    );
    println!("|---|---|---|---|---|---|---|");
}

/// The error with a word on what it is about.
pub(crate) fn about(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Sum, Table};

    fn sum(failures: u64) -> Sum {
        let mut sum = Sum::default();
        let failed = &mut sum.outcome.failed;
        failed.extend((failures > 0).then(|| ("502".to_owned(), failures)));
        sum
    }

    #[test]
    fn a_failure_counts_in_the_cases_that_must_not_fail() {
        for (must_not_fail, failures, fails) in
            [(true, 0, false), (false, 1, false), (true, 1, true)]
        {
            let mut table = Table::begin();
            table.add("case", "total".to_owned(), must_not_fail, &sum(failures));
            table.add("last", "total".to_owned(), true, &sum(0));
            assert_eq!(table.finish(), fails, "{must_not_fail} {failures}");
        }
    }
}
