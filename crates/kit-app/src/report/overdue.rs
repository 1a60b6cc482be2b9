//! The words for work that did not end before its deadline.

use kit_sync::CloseReport;

use crate::plural::plural;

/// The tasks of `owner` that did not end in time.
pub(crate) fn overdue(owner: &str, tasks: &CloseReport) -> Option<String> {
    let named: Vec<String> = tasks.cut().map(ToString::to_string).collect();
    let unnamed = tasks.aborted_members;
    let mut parts = Vec::new();
    if !named.is_empty() {
        parts.push(counted(named.len(), "task", &named));
    }
    if unnamed > 0 {
        parts.push(counted(unnamed, "unnamed task", &[]));
    }
    (!parts.is_empty()).then(|| format!("{owner}: {}", parts.join(", ")))
}

/// How many tasks did not end in time, named or not.
pub(super) fn cut_tasks(tasks: &CloseReport) -> Option<String> {
    let count = tasks.cut().count() + tasks.aborted_members;
    (count > 0).then(|| counted(count, "task", &[]))
}

/// A count and its noun, with the names that are known.
pub(super) fn counted(count: usize, noun: &str, names: &[String]) -> String {
    let counted = plural(count, noun);
    let more = if count > names.len() && !names.is_empty() {
        ", …"
    } else {
        ""
    };
    match names {
        [] => counted,
        names => format!("{counted} ({}{more})", names.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn a_count_names_what_it_can_and_says_when_there_are_more() {
        let names = ["a".to_owned(), "b".to_owned()];
        for (count, names, expected) in [
            (1, &[][..], "1 task"),
            (0, &[], "0 tasks"),
            (3, &[], "3 tasks"),
            (1, &names[..1], "1 task (a)"),
            (2, &names, "2 tasks (a; b)"),
            (3, &names, "3 tasks (a; b, …)"),
        ] {
            assert_eq!(counted(count, "task", names), expected);
        }
    }
}
