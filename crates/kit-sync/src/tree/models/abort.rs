//! An abort reaches every task inside, however late it came; a cancel reaches every task that may
//! be dropped.

use super::*;

#[test]
fn a_task_that_comes_to_wait_is_woken_or_sees_the_abort() {
    loom::model(|| {
        let tree = tree();
        let task = enter(tree.scope(), Ending::WhenCancelled, pending::<()>()).unwrap();
        let task = start(task);
        tree.scope().node.abort();
        assert!(matches!(task.join().unwrap(), Err(TaskError::Aborted)));
    });
}

#[test]
fn a_member_that_comes_to_wait_is_woken_or_sees_the_abort() {
    loom::model(|| {
        let tree = tree();
        let member = start(enter_member(tree.scope(), pending()).unwrap());
        tree.scope().node.abort();
        member.join().unwrap();
    });
}

#[test]
fn of_two_members_that_come_to_wait_both_end() {
    loom::model(|| {
        let tree = tree();
        let members = [(); 2].map(|()| start(enter_member(tree.scope(), pending()).unwrap()));
        tree.scope().node.abort();
        for member in members {
            member.join().unwrap();
        }
    });
}

#[test]
fn a_droppable_task_that_comes_to_wait_is_woken_or_sees_the_stop() {
    loom::model(|| {
        let tree = tree();
        let task = enter(tree.scope(), Ending::MayBeDropped, pending::<()>()).unwrap();
        let task = start(task);
        tree.scope().cancel(requested());
        assert!(matches!(task.join().unwrap(), Err(TaskError::Aborted)));
    });
}

#[test]
fn a_droppable_task_is_refused_or_ends_with_the_stop() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        let task = thread::spawn(move || {
            enter(&scope, Ending::MayBeDropped, pending::<()>()).map(block_on);
        });
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        task.join().unwrap();
    });
}

#[test]
fn a_task_is_refused_or_ends_with_the_abort() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        let task = thread::spawn(move || {
            enter(&scope, Ending::WhenCancelled, pending::<()>()).map(block_on);
        });
        tree.scope().node.abort();
        block_on(tree.scope().node.life.until_empty());
        task.join().unwrap();
    });
}

#[test]
fn of_two_tasks_that_enter_during_the_abort_each_is_refused_or_ends() {
    loom::model(|| {
        let tree = tree();
        let tasks = [(); 2].map(|()| {
            let scope = tree.scope().clone();
            thread::spawn(move || {
                enter(&scope, Ending::WhenCancelled, pending::<()>()).map(block_on);
            })
        });
        tree.scope().node.abort();
        for task in tasks {
            task.join().unwrap();
        }
        assert_eq!(tree.scope().live(), 0);
    });
}

#[test]
fn a_member_is_refused_or_ends_with_its_tree() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        let member = thread::spawn({
            let scope = scope.clone();
            move || {
                enter_member(&scope, pending()).map(block_on);
            }
        });
        drop(tree);
        assert!(scope.is_ended());
        block_on(scope.node.life.until_empty());
        member.join().unwrap();
    });
}

#[test]
fn the_steps_of_an_aborted_task_are_seen_with_its_scope_empty() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let dropped = done.on_drop();
        let task = enter(tree.scope(), Ending::WhenCancelled, async move {
            let _dropped = dropped;
            pending::<()>().await;
        });
        let task = start(task.unwrap());
        tree.scope().node.abort();
        block_on(tree.scope().node.life.until_empty());
        assert_eq!(done.seen(), 1);
        let _ = task.join().unwrap();
    });
}

#[test]
fn the_steps_of_an_aborted_member_are_seen_with_its_scope_empty() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let dropped = done.on_drop();
        let member = enter_member(tree.scope(), async move {
            let _dropped = dropped;
            pending::<()>().await;
        });
        let member = start(member.unwrap());
        tree.scope().node.abort();
        block_on(tree.scope().node.life.until_empty());
        assert_eq!(done.seen(), 1);
        member.join().unwrap();
    });
}

#[test]
fn a_task_in_a_child_that_comes_during_the_abort_ends() {
    loom::model(|| {
        let tree = tree();
        let scope = tree.scope().clone();
        let child = thread::spawn(move || {
            let child = scope.child("child");
            enter(&child, Ending::WhenCancelled, pending::<()>()).map(block_on);
            child
        });
        tree.scope().node.abort();
        let child = child.join().unwrap();
        assert!(child.is_ended());
        assert_eq!(child.live(), 0);
        assert_eq!(tree.scope().live(), 0);
    });
}

#[test]
fn a_child_that_is_aborted_twice_leaves_its_parent_once() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let member = enter_member(&child, pending()).unwrap();
        let both = child.clone();
        let first = thread::spawn(move || both.node.abort());
        child.node.abort();
        assert_eq!(child.live(), 1);
        first.join().unwrap();
        assert_eq!(tree.scope().live(), 0);
        drop(member);
        assert_eq!(child.live(), 0);
    });
}

#[test]
fn a_child_that_ends_by_itself_while_it_is_aborted_leaves_its_parent_once() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let member = enter_member(&child, async {}).unwrap();
        child.cancel(requested());
        let member = start(member);
        child.node.abort();
        block_on(child.node.life.until_empty());
        member.join().unwrap();
        assert_eq!(tree.scope().live(), 0);
    });
}

#[test]
fn a_hold_that_comes_during_the_abort_is_called_once_or_refused() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let holder = thread::spawn(move || scope.hold(move || noted.note()));
        tree.scope().node.abort();
        let hold = holder.join().unwrap();
        assert_eq!(done.seen(), usize::from(hold.is_ok()));
    });
}

#[test]
fn a_hold_that_goes_during_the_abort_is_called_at_most_once() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let noted = done.clone();
        let hold = tree.scope().hold(move || noted.note()).unwrap();
        let holder = thread::spawn(move || drop(hold));
        tree.scope().node.abort();
        block_on(tree.scope().node.life.until_empty());
        holder.join().unwrap();
        assert!(done.seen() <= 1);
    });
}

#[test]
fn a_hold_is_called_once_by_two_aborts() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let noted = done.clone();
        let _hold = tree.scope().hold(move || noted.note()).unwrap();
        let scope = tree.scope().clone();
        let other = thread::spawn(move || scope.node.abort());
        tree.scope().node.abort();
        other.join().unwrap();
        assert_eq!(done.seen(), 1);
    });
}

#[test]
fn blocking_work_that_comes_to_wait_for_a_thread_is_taken_back() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    loom::model(move || {
        let tree = tree();
        let work = TaskState::new(
            "work".into(),
            Location::caller(),
            Ending::WhenCancelled,
            Kind::Blocking,
        );
        let place = TaskPlace::enter(&tree.scope().node, work).unwrap();
        // In the place of the pool's queue, from which an abort takes it as well.
        #[expect(
            clippy::disallowed_methods,
            reason = "the tree of a model has no runtime"
        )]
        let queued = runtime.spawn(async {});
        let abort = queued.abort_handle();
        let spawner = thread::spawn(move || {
            let nudge = Nudge::TakeBack(abort.clone());
            if place.node.leave_nudge(&place.task, nudge) {
                abort.abort();
            }
            place
        });
        tree.scope().node.abort();
        drop(spawner.join().unwrap());
        let ended = runtime.block_on(queued);
        assert!(ended.is_err_and(|error| error.is_cancelled()));
    });
}
