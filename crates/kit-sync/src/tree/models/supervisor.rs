//! A supervisor misses neither the last end nor the first failure.

use super::*;
use crate::BoxError;

#[test]
fn the_end_of_the_last_task_is_never_missed() {
    loom::model(|| {
        let tree = tree();
        let (scope, supervisor) = tree.scope().supervised_child("child");
        let tasks = [(); 2].map(|()| start(enter(&scope, Ending::Finite, async {}).unwrap()));
        block_on(supervisor.all_ended());
        assert!(supervisor.has_ended().is_some());
        for task in tasks {
            task.join().unwrap().unwrap();
        }
    });
}

#[test]
fn the_first_failure_is_never_missed_and_stays_the_first() {
    loom::model(|| {
        let tree = tree();
        let (outer, above) = tree.scope().supervised_child("outer");
        let (inner, supervisor) = outer.supervised_child("inner");
        let tasks = ["one", "other"].map(|error| {
            let error = BoxError::from(error);
            start(enter(&inner, Ending::Finite, async { Err::<(), _>(error) }).unwrap())
        });
        let first = block_on(supervisor.first_failure());
        assert_eq!(block_on(supervisor.all_ended()), first);
        assert!(block_on(above.first_failure()).outcome().is_failure());
        for task in tasks {
            task.join().unwrap().unwrap_err();
        }
    });
}

#[test]
fn a_task_that_was_refused_is_not_waited_for() {
    loom::model(|| {
        let tree = tree();
        let (scope, supervisor) = tree.scope().supervised_child("child");
        let spawner = {
            let scope = scope.clone();
            thread::spawn(move || {
                enter(&scope, Ending::Finite, async {})
                    .map(block_on)
                    .is_some()
            })
        };
        scope.cancel(requested());
        let taken = spawner.join().unwrap();
        assert_eq!(supervisor.has_spawned(), taken);
        assert_eq!(supervisor.has_ended().is_some(), taken);
    });
}

#[test]
fn a_failure_that_is_the_last_end_is_given_and_not_an_end_before_it() {
    loom::model(|| {
        let tree = tree();
        let (scope, supervisor) = tree.scope().supervised_child("child");
        block_on(enter(&scope, Ending::Finite, async {}).unwrap()).unwrap();
        let fail = async { Err::<(), _>(BoxError::from("no luck")) };
        let task = start(enter(&scope, Ending::Finite, fail).unwrap());
        let last = block_on(supervisor.all_ended());
        assert!(last.outcome().is_failure());
        task.join().unwrap().unwrap_err();
    });
}

#[test]
fn a_reader_that_sees_a_scope_ended_sees_its_supervisor_notified() {
    loom::model(|| {
        let tree = tree();
        let (scope, supervisor) = tree.scope().supervised_child("child");
        let task = start(enter(&scope, Ending::Finite, async {}).unwrap());
        scope.cancel(requested());
        block_on(scope.node.life.until_ended());
        assert!(supervisor.has_ended().is_some());
        task.join().unwrap().unwrap();
    });
}
