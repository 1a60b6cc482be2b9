//! A scope ends when it was cancelled and nothing is left in it; then nothing enters it any more,
//! and a waiter for that sees all that was done inside.

use super::*;

#[test]
fn a_task_is_refused_or_waited_for() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let taken = thread::spawn(move || {
            let task = enter(&scope, Ending::Finite, note_dropped(noted));
            task.map(block_on).is_some()
        });
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        let seen = done.seen();
        assert_eq!(tree.scope().live(), 0);
        assert_eq!(seen, usize::from(taken.join().unwrap()));
    });
}

#[test]
fn a_member_is_refused_or_waited_for() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let taken = thread::spawn(move || {
            let member = enter_member(&scope, note_dropped(noted));
            member.map(block_on).is_some()
        });
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        let seen = done.seen();
        assert_eq!(tree.scope().live(), 0);
        assert_eq!(seen, usize::from(taken.join().unwrap()));
    });
}

#[test]
fn the_steps_of_a_task_are_seen_with_the_end_of_its_scope() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let task = enter(tree.scope(), Ending::Finite, note_dropped(done.clone()));
        let task = start(task.unwrap());
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        task.join().unwrap().unwrap();
    });
}

#[test]
fn the_steps_of_a_member_are_seen_with_the_end_of_its_scope() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let member = enter_member(tree.scope(), note_dropped(done.clone()));
        let member = start(member.unwrap());
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        member.join().unwrap();
    });
}

#[test]
fn a_cancelled_scope_takes_a_task_that_its_last_task_starts() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let first = enter_member(tree.scope(), async move {
            let second = enter_member(&scope, note_dropped(noted));
            start(second.expect("its starter is inside"));
        });
        let first = start(first.unwrap());
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        first.join().unwrap();
    });
}

#[test]
fn a_scope_does_not_end_while_a_member_that_was_taken_is_inside() {
    loom::model(|| {
        let tree = tree();
        let first = enter_member(tree.scope(), async {}).unwrap();
        tree.scope().cancel(requested());
        let first = thread::spawn(move || drop(first));
        if let Some(second) = enter_member(tree.scope(), async {}) {
            assert!(!tree.scope().is_ended());
            drop(second);
        }
        block_on(tree.scope().node.life.until_ended());
        first.join().unwrap();
        assert_eq!(tree.scope().live(), 0);
    });
}

#[test]
fn a_parent_ends_after_its_child() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let child = tree.scope().child("child");
        let member = enter_member(&child, note_dropped(done.clone()));
        let member = start(member.unwrap());
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert!(child.is_ended());
        assert_eq!(done.seen(), 1);
        member.join().unwrap();
    });
}

#[test]
fn the_steps_of_all_members_of_a_child_are_seen_with_the_end_of_the_parent() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let child = tree.scope().child("child");
        let members = [(); 2].map(|()| {
            let member = enter_member(&child, note_dropped(done.clone()));
            start(member.unwrap())
        });
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 2);
        for member in members {
            member.join().unwrap();
        }
    });
}

#[test]
fn the_steps_in_a_child_that_was_dropped_are_seen_with_its_parents_end() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let child = tree.scope().child("child");
        let noted = done.clone();
        let member = enter_member(&child, async move { noted.note() }).unwrap();
        drop(child);
        let member = start(member);
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        member.join().unwrap();
    });
}

#[test]
fn a_child_that_is_dropped_does_not_keep_its_parent() {
    loom::model(|| {
        let tree = tree();
        let child = tree.scope().child("child");
        let dropper = thread::spawn(move || drop(child));
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        dropper.join().unwrap();
        assert_eq!(tree.scope().live(), 0);
    });
}

#[test]
fn a_child_that_comes_while_its_parent_is_cancelled_is_cancelled() {
    loom::model(|| {
        let tree = tree();
        let _hold = tree.scope().hold(|| ()).unwrap();
        let scope = tree.scope().clone();
        let maker = thread::spawn(move || scope.child("child"));
        tree.scope().cancel(requested());
        let child = maker.join().unwrap();
        assert!(child.is_ended(), "empty and cancelled");
        assert_eq!(child.token().cause(), Some(requested()));
    });
}

#[test]
fn a_droppable_task_in_a_child_that_comes_while_its_parent_is_cancelled_is_dropped() {
    loom::model(|| {
        let tree = tree();
        let _hold = tree.scope().hold(|| ()).unwrap();
        let scope = tree.scope().clone();
        let child = thread::spawn(move || {
            let child = scope.child("child");
            let task = enter(&child, Ending::MayBeDropped, pending::<()>());
            task.map(block_on);
        });
        tree.scope().cancel(requested());
        child.join().unwrap();
    });
}

#[test]
fn a_hold_that_is_dropped_lets_its_scope_end() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let hold = tree.scope().hold(|| ()).unwrap();
        let noted = done.clone();
        let holder = thread::spawn(move || {
            noted.note();
            drop(hold);
        });
        tree.scope().cancel(requested());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        holder.join().unwrap();
    });
}

#[test]
fn a_spawner_that_is_refused_sees_all_that_was_done_inside() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let member = enter_member(tree.scope(), note_dropped(done.clone()));
        let member = start(member.unwrap());
        tree.scope().cancel(requested());
        if enter_member(tree.scope(), async {}).is_none() {
            assert_eq!(done.seen(), 1);
        }
        member.join().unwrap();
    });
}

#[test]
fn a_reader_that_sees_a_scope_cancelled_sees_all_before() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let reader = thread::spawn(move || {
            if scope.is_cancelled() {
                assert_eq!(noted.seen(), 1);
            }
        });
        done.note();
        assert!(tree.scope().cancel(requested()));
        reader.join().unwrap();
    });
}

#[test]
fn a_reader_that_sees_a_scope_ended_by_force_sees_all_before() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let _hold = tree.scope().hold(|| ()).unwrap();
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let reader = thread::spawn(move || {
            if scope.is_ended() {
                assert_eq!(noted.seen(), 1);
            }
        });
        done.note();
        tree.scope().node.abort();
        reader.join().unwrap();
    });
}
