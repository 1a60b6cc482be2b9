//! The built consumer, and the order of its log.

use kit_test_support::{Exit, Process, ask};

const ACKNOWLEDGED: &str = "acknowledged message.id=";

pub(crate) fn spawn(args: &[&str]) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_consumer"), args)
}

/// Asserts that a stop has gone from the closed intake to its end in the right order, and gives the
/// number of messages that were held when the pulling ended.
#[track_caller]
pub(crate) fn expect_order(exit: &Exit) -> usize {
    let pulls_no_more = last(exit, "pulls no more");
    // Lines of the consumer are written where they come from, and those of the lifecycle by a thread that
    // may be late: an order between the two kinds is certain only where the second is the later one.
    let order = [
        pulls_no_more,
        first(exit, "holds nothing"),
        first(exit, "connection closed"),
        last(exit, "connection closed"),
        first(exit, "closed resource"),
        first(exit, "stopped took"),
    ];
    assert!(order.is_sorted(), "{order:?}; {}", exit.text());
    let mut lines = exit.log.iter();
    let acknowledged = lines.rposition(|line| line.contains(ACKNOWLEDGED));
    assert!(
        acknowledged.is_none_or(|line| line < first(exit, "holds nothing")),
        "something was acknowledged too late; {}",
        exit.text()
    );
    let (_, held) = exit.log[pulls_no_more]
        .split_once("held=")
        .expect("a count");
    let held = held.trim().parse().expect("a number");
    let finished = exit.log[pulls_no_more..].iter();
    let finished = finished.filter(|line| line.contains(ACKNOWLEDGED)).count();
    assert!(finished <= held, "{finished} of {held}; {}", exit.text());
    held
}

#[track_caller]
fn first(exit: &Exit, text: &str) -> usize {
    let line = exit.log.iter().position(|line| line.contains(text));
    line.unwrap_or_else(|| panic!("no `{text}`; {}", exit.text()))
}

#[track_caller]
fn last(exit: &Exit, text: &str) -> usize {
    let line = exit.log.iter().rposition(|line| line.contains(text));
    line.unwrap_or_else(|| panic!("no `{text}`; {}", exit.text()))
}

/// A command to an admin server; gives the first line of the answer.
pub(crate) async fn post(address: &str, path: &str) -> String {
    let answer = ask(address, &format!("POST {path}"), "").await;
    answer.lines().next().unwrap_or_default().to_owned()
}
