//! Each task has one outcome in one report, wherever its record is when it is asked for.

use std::sync::Arc;

use super::*;
use crate::BoxError;

fn fail() -> impl Future<Output = Result<(), BoxError>> {
    std::future::ready(Err("no luck".into()))
}

fn long_after() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

fn outcomes(report: &CloseReport) -> usize {
    report.tasks.len() + report.failures.len() + report.more_failures
}

#[test]
fn a_failure_is_in_the_report_whether_it_was_before_the_stop_or_after() {
    loom::model(|| {
        let tree = tree();
        let task = start(enter(tree.scope(), Ending::Finite, fail()).unwrap());
        let report = block_on(tree.close(long_after()));
        assert_eq!(outcomes(&report), 1);
        assert!(task.join().unwrap().is_err());
    });
}

#[test]
fn a_task_that_ends_because_it_was_cancelled_was_present_at_the_stop() {
    loom::model(|| {
        let tree = tree();
        let token = tree.scope().token().clone();
        let task = enter(tree.scope(), Ending::WhenCancelled, async move {
            token.cancelled().await;
        });
        let task = start(task.unwrap());
        let report = block_on(tree.close(long_after()));
        assert_eq!(report.tasks.len(), 1);
        task.join().unwrap().unwrap();
    });
}

#[test]
fn a_child_that_is_dropped_while_its_parent_is_closed_takes_no_record_with_it() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let task = enter(&child, Ending::Finite, fail()).unwrap();
        drop(child);
        let task = start(task);
        let report = block_on(tree.close(long_after()));
        assert_eq!(outcomes(&report), 1);
        assert!(task.join().unwrap().is_err());
    });
}

#[test]
fn a_child_of_a_child_that_is_dropped_while_both_are_closed_takes_no_record_with_it() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child").child("child");
        let task = enter(&child, Ending::Finite, fail()).unwrap();
        drop(child);
        let task = start(task);
        let report = block_on(tree.close(long_after()));
        assert_eq!(outcomes(&report), 1);
        assert!(task.join().unwrap().is_err());
    });
}

#[test]
fn a_task_aborted_in_a_child_that_is_dropped_meanwhile_is_reported() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let task = enter(&child, Ending::WhenCancelled, pending::<()>()).unwrap();
        drop(child);
        let task = start(task);
        let report = block_on(tree.close(Instant::now()));
        assert_eq!(report.tasks.len(), 1);
        assert!(task.join().unwrap().is_err());
    });
}

#[test]
fn of_two_closes_one_reports_a_task() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let task = enter(&child, Ending::Finite, fail()).unwrap();
        child.cancel(requested());
        drop(task);
        let closing = child.clone();
        let other = thread::spawn(move || block_on(closing.close(long_after())));
        let report = block_on(tree.close(long_after()));
        let other = other.join().unwrap();
        assert_eq!(outcomes(&report) + outcomes(&other), 1);
    });
}

#[test]
fn a_task_in_a_child_that_is_made_around_the_stop_is_waited_for_and_reported() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        // Of std: the value is for this test alone and orders nothing in the model.
        let kept = Arc::new(std::sync::Mutex::new(None));
        let keep = Arc::clone(&kept);
        let member = enter_member(tree.scope(), async move {
            let child = scope.child("child");
            let task = enter(&child, Ending::WhenCancelled, pending::<()>());
            *keep.lock().unwrap() = Some((child, task.is_some()));
            task.map(start);
        });
        let member = start(member.unwrap());
        let report = block_on(tree.close(Instant::now()));
        // It may have been aborted before its first poll.
        if let Some((child, taken)) = kept.lock().unwrap().take() {
            assert_eq!(child.live(), 0);
            assert_eq!(report.tasks.len(), usize::from(taken));
        }
        member.join().unwrap();
    });
}

#[test]
fn a_census_takes_no_task_for_a_member() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        let tasks = thread::spawn(move || {
            drop(enter(&scope, Ending::Finite, async {}));
            drop(scope.hold(|| ()));
        });
        assert_eq!(tree.tree().fresh_members, 0);
        tasks.join().unwrap();
    });
}

#[test]
fn a_task_that_ends_in_time_is_not_reported_as_running() {
    loom::model(|| {
        let tree = tree();
        let task = start(enter(tree.scope(), Ending::Finite, fail()).unwrap());
        let report = block_on(tree.close(long_after()));
        let mut all = report.tasks.iter().chain(&report.failures);
        assert!(all.all(|task| task.outcome().is_failure()));
        assert!(task.join().unwrap().is_err());
    });
}

#[test]
fn a_task_that_was_there_after_the_stop_is_reported_as_completed() {
    loom::model(|| {
        let tree = tree();
        let task = start(enter(tree.scope(), Ending::Finite, async {}).unwrap());
        tree.scope().cancel(requested());
        let there = tree.scope().live() == 1;
        let report = block_on(tree.close(long_after()));
        assert!(!there || report.tasks.len() == 1);
        let mut outcomes = report.tasks.iter().map(TaskReport::outcome);
        assert!(outcomes.all(|outcome| *outcome == Outcome::Completed));
        task.join().unwrap().unwrap();
    });
}

#[test]
fn an_aborted_member_is_in_the_report_that_waited_for_its_end() {
    loom::model(|| {
        let tree = tree();
        let member = start(enter_member(tree.scope(), pending()).unwrap());
        let report = block_on(tree.close(Instant::now()));
        assert_eq!(report.aborted_members, 1);
        member.join().unwrap();
    });
}

#[test]
fn a_census_takes_no_child_that_comes_and_goes_for_a_member() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        let child = thread::spawn(move || drop(scope.child("child")));
        assert_eq!(tree.tree().fresh_members, 0);
        child.join().unwrap();
    });
}

#[test]
fn a_census_takes_no_child_that_ends_for_a_member() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let other = child.clone();
        let canceller = thread::spawn(move || other.cancel(requested()));
        assert_eq!(tree.tree().fresh_members, 0);
        canceller.join().unwrap();
        let _member = enter_member(tree.scope(), pending::<()>());
        assert_eq!(
            tree.tree().fresh_members,
            1,
            "beside a child that has ended"
        );
    });
}
