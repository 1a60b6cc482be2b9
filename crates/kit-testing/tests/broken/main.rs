//! Each rule is broken on purpose in the recording of a run, and says so.

mod asked;
mod course;
mod recordings;
mod reported;
mod served;
mod work;

use kit_testing::rules::RULES;

#[test]
fn every_rule_is_broken_here() {
    let all = [
        include_str!("asked.rs"),
        include_str!("course.rs"),
        include_str!("reported.rs"),
        include_str!("served.rs"),
        include_str!("work.rs"),
    ];
    for rule in RULES {
        let breaks = format!("assert_breaks(\"{}\"", rule.name);
        assert!(
            all.iter().any(|text| text.contains(&breaks)),
            "{}",
            rule.name
        );
    }
}
