//! A scope ends when it was told and nothing is left in it; then nothing enters it any more, and
//! whoever waits for that sees all that was done inside.

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
        tree.scope().cancel(told());
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
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        let seen = done.seen();
        assert_eq!(tree.scope().live(), 0);
        assert_eq!(seen, usize::from(taken.join().unwrap()));
    });
}

#[test]
fn what_a_task_did_is_seen_by_whoever_sees_its_scope_ended() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let task = enter(tree.scope(), Ending::Finite, note_dropped(done.clone()));
        let task = start(task.unwrap());
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        task.join().unwrap().unwrap();
    });
}

#[test]
fn what_a_member_did_is_seen_by_whoever_sees_its_scope_ended() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let member = enter_member(tree.scope(), note_dropped(done.clone()));
        let member = start(member.unwrap());
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        member.join().unwrap();
    });
}

#[test]
fn a_told_scope_takes_what_its_last_task_starts() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let first = enter_member(tree.scope(), async move {
            let second = enter_member(&scope, note_dropped(noted));
            start(second.expect("its starter is inside"));
        });
        let first = start(first.unwrap());
        tree.scope().cancel(told());
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
        tree.scope().cancel(told());
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
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        assert!(child.is_ended());
        assert_eq!(done.seen(), 1);
        member.join().unwrap();
    });
}

#[test]
fn what_all_members_of_a_child_did_is_seen_by_whoever_sees_the_parent_ended() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let child = tree.scope().child("child");
        let members = [(); 2].map(|()| {
            let member = enter_member(&child, note_dropped(done.clone()));
            start(member.unwrap())
        });
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 2);
        for member in members {
            member.join().unwrap();
        }
    });
}

#[test]
fn what_was_done_in_a_child_that_was_dropped_is_seen_with_its_parents_end() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let child = tree.scope().child("child");
        let noted = done.clone();
        let member = enter_member(&child, async move { noted.note() }).unwrap();
        drop(child);
        let member = start(member);
        tree.scope().cancel(told());
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
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        dropper.join().unwrap();
        assert_eq!(tree.scope().live(), 0);
    });
}

#[test]
fn a_child_that_comes_while_its_parent_is_told_is_told() {
    loom::model(|| {
        let tree = tree();
        let _hold = tree.scope().hold(|| ()).unwrap();
        let scope = tree.scope().clone();
        let maker = thread::spawn(move || scope.child("child"));
        tree.scope().cancel(told());
        let child = maker.join().unwrap();
        assert!(child.is_ended(), "empty and told");
        assert_eq!(child.token().cause(), Some(told()));
    });
}

#[test]
fn a_droppable_task_in_a_child_that_comes_while_its_parent_is_told_is_dropped() {
    loom::model(|| {
        let tree = tree();
        let _hold = tree.scope().hold(|| ()).unwrap();
        let scope = tree.scope().clone();
        let child = thread::spawn(move || {
            let child = scope.child("child");
            let task = enter(&child, Ending::MayBeDropped, pending::<()>());
            task.map(block_on);
        });
        tree.scope().cancel(told());
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
        tree.scope().cancel(told());
        block_on(tree.scope().node.life.until_ended());
        assert_eq!(done.seen(), 1);
        holder.join().unwrap();
    });
}

#[test]
fn whoever_is_refused_sees_what_was_done_inside() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let member = enter_member(tree.scope(), note_dropped(done.clone()));
        let member = start(member.unwrap());
        tree.scope().cancel(told());
        if enter_member(tree.scope(), async {}).is_none() {
            assert_eq!(done.seen(), 1);
        }
        member.join().unwrap();
    });
}

#[test]
fn whoever_sees_a_scope_told_sees_what_was_done_before() {
    loom::model(|| {
        let (tree, done) = (tree(), Done::default());
        let (scope, noted) = (tree.scope().clone(), done.clone());
        let reader = thread::spawn(move || {
            if scope.is_cancelled() {
                assert_eq!(noted.seen(), 1);
            }
        });
        done.note();
        assert!(tree.scope().cancel(told()));
        reader.join().unwrap();
    });
}

#[test]
fn whoever_sees_a_scope_ended_by_force_sees_what_was_done_before() {
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
