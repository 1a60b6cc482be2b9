//! Instructions and system calls of one operation.
//!
//! A tool counts a whole run. Two runs that differ only in the number of operations give the cost
//! of one; starting, connecting and stopping cancel out.

use std::fs;
use std::path::Path;

use crate::{Result, tools};

#[derive(Clone, Copy)]
pub(super) enum Counter {
    Instructions,
    SystemCalls,
}

impl Counter {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::SystemCalls => "system calls",
        }
    }

    /// The cost of one operation, the average over `operations`. `run` starts what is measured
    /// under the tool that it is given, and returns after the given number of operations and its end; the tool
    /// writes to `out`.
    pub(super) fn per_operation(
        self,
        operations: u64,
        out: &Path,
        run: impl Fn(&[String], u64) -> Result,
    ) -> Result<f64> {
        let few = operations / 5;
        let less = self.count(out, |tool| run(tool, few))?;
        let more = self.count(out, |tool| run(tool, few + operations))?;
        let difference = more
            .checked_sub(less)
            .ok_or_else(|| format!("{} went down as work went up: take more", self.describe()))?;
        Ok(difference as f64 / operations as f64)
    }

    fn count(self, out: &Path, run: impl FnOnce(&[String]) -> Result) -> Result<u64> {
        run(&self.tool(out)?)?;
        let text = fs::read_to_string(out)
            .map_err(|error| format!("could not read {}: {error}", out.display()))?;
        self.total(&text)
            .ok_or_else(|| format!("no total in {}", out.display()).into())
    }

    fn tool(self, out: &Path) -> Result<Vec<String>> {
        let out = out.display();
        let tool = match self {
            Self::Instructions => {
                tools::require("valgrind", "valgrind")?;
                vec![
                    "valgrind".to_owned(),
                    "--quiet".to_owned(),
                    "--tool=callgrind".to_owned(),
                    format!("--callgrind-out-file={out}"),
                ]
            }
            Self::SystemCalls => {
                tools::require("strace", "strace")?;
                ["strace", "-f", "-q", "-c", "-o", &out.to_string()]
                    .map(str::to_owned)
                    .to_vec()
            }
        };
        Ok(tool)
    }

    fn total(self, text: &str) -> Option<u64> {
        match self {
            // `totals: 123456`
            Self::Instructions => text
                .lines()
                .filter_map(|line| line.strip_prefix("totals: "))
                .filter_map(|total| total.trim().parse().ok())
                .reduce(|sum: u64, part| sum + part),
            // `100.00    0.001234           4       300        12 total`, errors not always there
            Self::SystemCalls => text
                .lines()
                .rfind(|line| line.trim_end().ends_with(" total"))?
                .split_whitespace()
                .nth(3)?
                .parse()
                .ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counter;

    #[test]
    fn totals_are_read_from_the_tools_files() {
        let callgrind = "events: Ir\nfn=(0)\n16 3\ntotals: 1234567\n";
        assert_eq!(Counter::Instructions.total(callgrind), Some(1_234_567));
        let strace = "% time     seconds  usecs/call     calls    errors syscall\n\
            ------ ----------- ----------- --------- --------- ----------------\n\
            100.00    0.000011           0        31         2 total\n";
        assert_eq!(Counter::SystemCalls.total(strace), Some(31));
    }
}
