//! h2spec: 145 cases of HTTP/2's specification against each of three ports.
//!
//! A case that fails or is skipped has to be listed with its reason, and a case that is listed as
//! failing has to fail: a list that is longer than the truth hides what breaks next.

mod exceptions;
mod report;

use std::fs;
use std::path::Path;
use std::time::Duration;

use self::exceptions::{ANSWERED_AT_ONCE, EVERYWHERE, Exception};
use self::report::{Case, Outcome};
use super::client;
use super::servers::{Target, Targets};
use crate::Result;
use crate::bounded::run_within;

/// As many as the pinned version has.
const CASES: usize = 145;
/// What a single case waits for what it expects, in seconds.
const PATIENCE: &str = "2";
const LIMIT: Duration = Duration::from_secs(120);

pub(super) fn check(h2spec: &Path, targets: &Targets) -> Result {
    // A route that reads its whole request and answers with a body. On the port that speaks gRPC
    // only, every request of h2spec's is answered at once and without a body: it has no content type.
    let mut problems = Vec::new();
    for (name, target, listed) in [
        ("http", &targets.routes, &[EVERYWHERE][..]),
        ("grpc", &targets.interop, &[EVERYWHERE, ANSWERED_AT_ONCE]),
        ("tls", &targets.secure, &[EVERYWHERE]),
    ] {
        let cases = run(h2spec, name, target)?;
        let listed: Vec<&Exception> = listed.iter().copied().flatten().collect();
        let passed = cases.iter().filter(|case| case.outcome == Outcome::Passed);
        println!("h2spec, {name}: {} of {} pass", passed.count(), cases.len());
        problems.extend(
            judge(&cases, &listed)
                .into_iter()
                .map(|problem| format!("{name}: {problem}")),
        );
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.join("\n").into())
}

fn run(h2spec: &Path, name: &str, target: &Target) -> Result<Vec<Case>> {
    let folder = h2spec.parent().unwrap_or(Path::new("."));
    let file = folder.join(format!("h2spec-{name}.xml"));
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let mut command = client(h2spec);
    command.args(["--host", target.host(), "--path", "/whole"]);
    command.args(["--port", &target.port().to_string()]);
    command.args(["--timeout", PATIENCE, "--junit-report"]);
    command.arg(&file);
    if target.certificate().is_some() {
        command.args(["--tls", "--insecure"]);
    }
    let log = folder.join(format!("h2spec-{name}.log"));
    // Its exit code says whether a case failed, which the report says better.
    let (status, printed) = run_within(LIMIT, &mut command, &log)?;
    let report = fs::read_to_string(&file)
        .map_err(|error| format!("h2spec, {name}: no report ({error}); {status}\n{printed}"))?;
    report::cases(&report)
}

/// The cases that differ from the list, one line each.
fn judge(cases: &[Case], listed: &[&Exception]) -> Vec<String> {
    let mut problems = Vec::new();
    if cases.len() != CASES {
        problems.push(format!("{} cases instead of {CASES}", cases.len()));
    }
    for case in cases {
        let exception = listed.iter().find(|exception| exception.case == case.name);
        let allowed = exception.map_or(&[Outcome::Passed][..], |exception| exception.outcomes);
        if !allowed.contains(&case.outcome) {
            let why = exception.map_or("not listed", |exception| exception.why);
            let Case {
                name,
                outcome,
                details,
            } = case;
            problems.push(format!("{name}: {outcome:?} ({why}) {details}"));
        }
    }
    for exception in listed {
        if !cases.iter().any(|case| case.name == exception.case) {
            problems.push(format!(
                "{}: listed, but there is no such case",
                exception.case
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::exceptions::Exception;
    use super::report::{Case, Outcome};
    use super::{CASES, judge};

    const LISTED: Exception = Exception {
        case: "1: listed",
        outcomes: &[Outcome::Failed],
        why: "by design",
    };

    fn all_but_two(first: Outcome, second: Outcome) -> Vec<Case> {
        let case = |name: String, outcome| Case {
            name,
            outcome,
            details: String::new(),
        };
        let mut cases = vec![
            case("1: listed".to_owned(), first),
            case("2: other".to_owned(), second),
        ];
        cases.extend((2..CASES).map(|n| case(format!("{n}: passes"), Outcome::Passed)));
        cases
    }

    #[test]
    fn what_fails_unlisted_and_what_passes_listed_are_both_problems() {
        let judged = |first, second| judge(&all_but_two(first, second), &[&LISTED]);
        assert_eq!(judged(Outcome::Failed, Outcome::Passed), [""; 0]);
        for unlisted in [Outcome::Failed, Outcome::Skipped] {
            let problems = judged(Outcome::Failed, unlisted);
            assert_eq!(problems, [format!("2: other: {unlisted:?} (not listed) ")]);
        }
        for mended in [Outcome::Passed, Outcome::Skipped] {
            let problems = judged(mended, Outcome::Passed);
            assert_eq!(problems, [format!("1: listed: {mended:?} (by design) ")]);
        }
    }

    #[test]
    fn a_case_that_did_not_run_is_a_problem() {
        let mut cases = all_but_two(Outcome::Failed, Outcome::Passed);
        cases.remove(0);
        let problems = judge(&cases, &[&LISTED]);
        let expected = [
            "144 cases instead of 145",
            "1: listed: listed, but there is no such case",
        ];
        assert_eq!(problems, expected);
    }
}
