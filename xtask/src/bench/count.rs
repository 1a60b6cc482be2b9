//! Instructions and system calls of one request.
//!
//! A tool counts a whole run. Two runs that differ only in the number of requests give the cost
//! of one request; starting, connecting and stopping cancel out.

use std::fs;
use std::path::Path;

use super::client;
use super::server::{Program, folder};
use crate::{Result, tools};

#[derive(Clone, Copy)]
pub(super) enum Counter {
    Instructions,
    SystemCalls,
}

impl Counter {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Instructions => "instructions per request",
            Self::SystemCalls => "system calls per request",
        }
    }

    /// The cost of one request, the average over `requests`.
    pub(super) fn per_request(self, program: &Program, requests: u64) -> Result<f64> {
        let few = requests / 5;
        let less = self.count(program, few)?;
        let more = self.count(program, few + requests)?;
        let difference = more.checked_sub(less).ok_or_else(|| {
            format!(
                "{} counted less for more requests: take more",
                self.describe()
            )
        })?;
        Ok(difference as f64 / requests as f64)
    }

    fn count(self, program: &Program, requests: u64) -> Result<u64> {
        let out = folder()?.join(format!("{}.count", program.name));
        let server = program.start(&self.tool(&out)?)?;
        client::serial(server.address, requests)?;
        server.stop()?;
        let text = fs::read_to_string(&out)
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
