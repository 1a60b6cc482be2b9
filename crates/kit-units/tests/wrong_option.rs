//! Options whose values are of no use, and how they are said.

use std::time::Duration;

use kit_units::WrongOption;

const DAY: Duration = Duration::from_secs(86_400);

fn message(wrong: Option<WrongOption>) -> String {
    wrong.expect("it is refused").message()
}

#[test]
fn the_key_is_seen_from_each_table_around_it() {
    let limit = WrongOption::new("limit", "0s", "longer than 0s");
    let of_operation = limit.inside("[1]").inside("operations").inside("deadline");
    assert_eq!(of_operation.key(), "deadline.operations[1].limit");
    let whole = WrongOption::new("", "\"x\"", "an address").inside("listen");
    assert_eq!(whole.key(), "listen");
    assert_eq!(whole.clone().inside("").key(), "listen");
    assert_eq!(whole.inside("http").key(), "http.listen");
}

#[test]
fn a_duration_is_said_as_a_file_has_it() {
    let nanosecond = Duration::from_nanos(1);
    let outside = |duration, range| WrongOption::refuse_outside("stop", duration, range);
    assert_eq!(
        message(outside(Duration::ZERO, nanosecond..=DAY)),
        "is 0s: it has to be longer than 0s and at most 1d"
    );
    assert_eq!(
        message(outside(DAY + nanosecond, Duration::ZERO..=DAY)),
        "is 1d 1ns: it has to be at most 1d"
    );
    assert_eq!(
        message(outside(
            nanosecond,
            Duration::from_millis(10)..=Duration::from_secs(90)
        )),
        "is 1ns: it has to be from 10ms to 1m 30s"
    );
    for right in [nanosecond, DAY] {
        assert_eq!(outside(right, nanosecond..=DAY), None);
    }
    let zero = WrongOption::refuse_zero("idle", Duration::ZERO);
    assert_eq!(message(zero), "is 0s: it has to be longer than 0s");
    assert_eq!(WrongOption::refuse_zero("idle", nanosecond), None);
}

#[test]
fn another_name_and_more_about_the_value() {
    let wrong = WrongOption::refuse_if(true, "timeout", "0s", "longer than 0s");
    let wrong = wrong.expect("it is refused");
    let named = wrong
        .named("HookOptions::timeout")
        .of(" for the hook `migrate`");
    assert_eq!(
        named.to_string(),
        "`HookOptions::timeout` is 0s for the hook `migrate`: it has to be longer than 0s"
    );
    assert_eq!(WrongOption::refuse_if(false, "a", 1, "2"), None);
}
