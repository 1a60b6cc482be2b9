//! Kit and its peers as an orchestrator sees them: start, stop and memory of a process, size of its binary.

mod child;
mod components;
mod servers;
mod size;

use super::Options;
use super::table::Row;
use crate::Result;

/// A part of the comparison, by its name after `--only`.
type Part = (&'static str, fn(&Options) -> Result<Vec<Row>>);

const PARTS: [Part; 5] = [
    ("servers", servers::measure),
    ("components", components::measure),
    ("tasks", components::tasks),
    ("size", size::binaries),
    ("build", size::builds),
];

/// All parts but clean builds, which take minutes and are measured when they are asked for; or those parts that
/// `--only` names.
pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (_, measure) in chosen(&options.only, options.build)? {
        rows.extend(measure(options)?);
    }
    Ok(rows)
}

fn chosen(only: &[String], build: bool) -> Result<Vec<Part>> {
    let begins = |name: &str, only: &String| name.starts_with(only.as_str());
    for only in only {
        if !PARTS.iter().any(|(name, _)| begins(name, only)) {
            let names = PARTS.map(|(name, _)| name).join(", ");
            return Err(
                format!("no part of `app` begins with `{only}`; there are: {names}").into(),
            );
        }
    }
    let is_chosen = |part: &Part| match part.0 {
        "build" if build => true,
        "build" if only.is_empty() => false,
        name => only.is_empty() || only.iter().any(|only| begins(name, only)),
    };
    Ok(PARTS.into_iter().filter(is_chosen).collect())
}

/// In milliseconds.
fn millis(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::chosen;

    fn names(only: &[&str], build: bool) -> Vec<&'static str> {
        let only: Vec<_> = only.iter().map(ToString::to_string).collect();
        let parts = chosen(&only, build).expect("all of them exist");
        parts.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn clean_builds_are_left_out_unless_they_are_asked_for() {
        let all = ["servers", "components", "tasks", "size"];
        assert_eq!(names(&[], false), all);
        assert_eq!(names(&[], true)[..4], all);
        assert_eq!(names(&[], true)[4..], ["build"]);
        assert_eq!(names(&["serv"], true), ["servers", "build"]);
        assert_eq!(names(&["build", "size"], false), ["size", "build"]);
    }

    #[test]
    fn a_part_that_does_not_exist_is_an_error_that_lists_what_does() {
        let error = chosen(&["sizes".to_owned()], false).expect_err("none");
        assert!(error.to_string().contains("tasks, size, build"), "{error}");
    }
}
