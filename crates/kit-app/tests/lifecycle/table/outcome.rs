//! What became of an app, as the table says it.

use std::time::Duration;

use kit_app::{Report, RunError};

use super::fault::HERE;

/// How one cell has ended.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) code: u8,
    /// From the failure to the end of the app.
    pub(super) took: Duration,
    /// What happened from the failure on, a word for each step.
    pub(super) steps: Vec<String>,
    /// As in the report; the first is the error of the run.
    pub(super) failures: Vec<String>,
    pub(super) remarks: Vec<String>,
}

impl Outcome {
    pub(super) fn of(ended: Result<Report, RunError>, lines: &[String], took: Duration) -> Outcome {
        let report = match &ended {
            Ok(report) => report,
            Err(error) => error.report(),
        };
        let here = lines.iter().position(|line| line == HERE);
        let here = here.unwrap_or_else(|| panic!("the point was never reached: {lines:#?}"));
        let places = |texts: &[String]| texts.iter().map(|text| without_places(text)).collect();
        Outcome {
            code: report.exit_code,
            took,
            steps: lines[here..].iter().filter_map(|line| step(line)).collect(),
            failures: places(&report.failures),
            remarks: places(&report.remarks),
        }
    }
}

/// The form of the table.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Outcome { code, took, .. } = self;
        write!(f, "exit {code} after {:.3} s", took.as_secs_f64())?;
        self.failures
            .iter()
            .try_for_each(|failure| write!(f, "\n    error: {failure}"))?;
        self.remarks
            .iter()
            .try_for_each(|remark| write!(f, "\n    remark: {remark}"))?;
        write!(f, "\n    {}", self.steps.join(" "))
    }
}

/// The word for the line of an event; none when the event is no step of a rollback.
fn step(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let word = match words[..] {
        ["entered", "lame", "duck"] => "lame-duck",
        ["entered", stage @ ("running" | "draining")] => stage,
        ["entered", ..] => return None,
        ["stop", "asked"] => "asked",
        ["forced"] => "forced",
        ["ready"] => "ready",
        [call @ ("flush" | "deregister")] => call,
        ["failed:", ..] => "FAILED",
        ["remark:", ..] => "remark",
        ["registered", _] => "registered",
        ["deregistered", _] => "deregistered",
        ["deregistration", _, "failed"] => "deregistered!",
        ["drain", "delay", ..] => "delay",
        [_, name, "ended"] if line.contains("_st") => name,
        [_, name, "failed"] if line.contains("_st") => return Some(format!("{name}!")),
        ["reload", name, "ended"] | [name, "stopped" | "closed"] => name,
        ["reload", name, "failed:", ..] | ["check", name, "fails:", ..] => {
            return Some(format!("{name}!"));
        }
        ["task", path, ..] => return Some(format!("{path}!")),
        _ => return None,
    };
    Some(word.to_owned())
}

/// A text without the places in files, which move with every edit: `(src/a.rs:1:2)` is `(PLACE)`.
fn without_places(text: &str) -> String {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let words = text.split(' ').map(|word| {
        let (Some(_), Some(end)) = (word.find(".rs:"), word.rfind(is_digit)) else {
            return word.to_owned();
        };
        let opens = if word.starts_with('(') { "(" } else { "" };
        format!("{opens}PLACE{}", &word[end + 1..])
    });
    words.collect::<Vec<_>>().join(" ")
}
