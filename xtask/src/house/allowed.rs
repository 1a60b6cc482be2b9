//! The breaches that crates still have from the time before the rules.
//!
//! `cargo xtask lint` fails when a crate has more of them; `cargo xtask lint house` shows all. A number
//! only falls: it is lowered with each breach that is mended, and a line at 0 goes.

use super::finding::{Finding, Rule};

const ALLOWED: [(&str, Rule, usize); 3] = [
    ("crates/kit-app", Rule::Names, 1),
    ("crates/kit-transport", Rule::Times, 2),
    ("crates/kit-transport", Rule::Words, 96),
];

/// The findings that are not allowed: all of a rule in a crate, once there are more than its number.
pub(super) fn without(findings: Vec<Finding>) -> Vec<Finding> {
    without_those(findings, &ALLOWED)
}

fn without_those(mut findings: Vec<Finding>, allowed: &[(&str, Rule, usize)]) -> Vec<Finding> {
    for (of, rule, most) in allowed {
        let folder = format!("{of}/");
        let is_theirs =
            |finding: &Finding| finding.rule == *rule && finding.path.starts_with(&folder);
        let count = findings.iter().filter(|finding| is_theirs(finding)).count();
        if count <= *most {
            findings.retain(|finding| !is_theirs(finding));
        }
        if count < *most {
            println!(
                "{of} has {count} {} left: lower {most} in xtask/src/house/allowed.rs",
                rule.name()
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Rule};
    use super::without_those;

    fn findings(paths: &[&str]) -> Vec<Finding> {
        let finding = |path: &&str| Finding {
            path: (*path).to_owned(),
            line: 1,
            rule: Rule::Words,
            message: String::new(),
        };
        paths.iter().map(finding).collect()
    }

    #[test]
    fn a_crate_may_have_as_many_as_it_had_and_no_more() {
        let allowed = [("crates/a", Rule::Words, 2), ("crates/a", Rule::Times, 5)];
        let two = ["crates/a/src/lib.rs", "crates/a/src/b.rs"];
        assert!(without_those(findings(&two), &allowed).is_empty());
        let three = [two[0], two[1], "crates/a/tests/c.rs"];
        assert_eq!(without_those(findings(&three), &allowed).len(), 3);
        assert_eq!(
            without_those(findings(&["crates/ab/src/lib.rs"]), &allowed).len(),
            1
        );
    }
}
