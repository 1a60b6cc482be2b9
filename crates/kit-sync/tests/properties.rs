//! Whatever a program does with a tree, these hold in the end:
//!
//! * nothing is alive, neither in a scope nor in the runtime;
//! * every named task that was present at its scope's stop has exactly one outcome in a report,
//!   and every failure from before is in one or counted in one;
//! * a parent ends after its children;
//! * an ended scope refuses: the future is dropped unpolled.
//!
//! Programs run on one thread, where each of these is exact at every step, and on two workers
//! beside their driver, where tasks end at any moment. Failing programs are not kept in a file:
//! proptest prints the smallest one, which is then worth a separate test.

#[path = "properties/ledger.rs"]
mod ledger;
#[path = "properties/program.rs"]
mod program;

use std::time::Duration;

use kit_sync::testing::{assert_no_tasks, assert_runtime_has_no_tasks};
use kit_sync::{Cause, CloseReport, Ending, Hold, Scope, Task, TaskTree};
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::Instant;

use ledger::Ledger;
use program::{Body, Deadline, Step, program};

const SOON: Duration = Duration::from_secs(5);

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn on_one_thread(steps in program()) {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(steps, true));
        assert_empty(&runtime);
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn on_two_workers(steps in program()) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(run(steps, false));
        assert_empty(&runtime);
    }
}

fn assert_empty(runtime: &Runtime) {
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}

/// The things that a program holds while it runs.
struct World {
    tree: TaskTree,
    scopes: Vec<Scope>,
    children: usize,
    tasks: Vec<(String, Task<()>)>,
    holds: Vec<Hold>,
    reports: Vec<CloseReport>,
    ledger: Ledger,
    /// On one thread nothing happens between two lines of the program.
    exact: bool,
}

async fn run(steps: Vec<Step>, exact: bool) {
    let (release, released) = watch::channel(());
    let mut world = World {
        tree: TaskTree::new("root"),
        scopes: Vec::new(),
        children: 0,
        tasks: Vec::new(),
        holds: Vec::new(),
        reports: Vec::new(),
        ledger: Ledger::new(released),
        exact,
    };
    for step in steps {
        world.step(step).await;
        world.assert_parents_end_last();
    }
    if exact {
        world.tree.scope().cancel(Cause::Deadline);
        // As often as all tasks together may want to be polled.
        for _ in 0..1000 {
            yield_now().await;
        }
        world.ledger.assert_nothing_droppable_is_alive();
    }
    let report = world.tree.close(world.deadline(Deadline::Soon)).await;
    world.assert_parents_end_last();
    if report.on_time() || exact {
        world.ledger.assert_nothing_waited_for_is_alive();
    }
    if report.on_time() && exact {
        assert!(report.took < SOON, "the end was missed");
    }
    world.reports.push(report);
    // What may be left behind was: now it may go.
    drop(release);
    world.holds.clear();
    assert_runtime_has_no_tasks(Duration::from_secs(30)).await;

    let last = world.tree.close(Instant::now()).await;
    assert!(last.on_time(), "{last:?}");
    world.reports.push(last);
    assert_no_tasks(world.tree.scope());
    for scope in world.scopes.iter().chain([world.tree.scope()]) {
        assert!(scope.is_ended());
        assert_eq!(scope.live(), 0, "{scope:?}");
    }
    world.ledger.assert_accounted(&world.reports, exact);
    for (name, task) in world.tasks {
        world.ledger.assert_result(&name, &task.await);
    }
}

impl World {
    async fn step(&mut self, step: Step) {
        match step {
            Step::Spawn(scope, ending, body) => self.spawn(&self.pick(scope), &ending, body),
            Step::SpawnFailing(scope, count) => {
                let scope = self.pick(scope);
                for _ in 0..count {
                    self.spawn(&scope, &Ending::Finite, Body::fails());
                }
            }
            Step::Track(scope, body) => {
                let scope = self.pick(scope);
                let ended = scope.is_ended();
                let (name, future) = self.ledger.member(&scope, body);
                let refused = scope.track(future);
                assert!(!(ended && refused.is_ok()), "an ended scope refuses");
                if refused.is_err() {
                    assert!(scope.is_ended(), "only an ended scope refuses");
                    drop(refused);
                    self.ledger.assert_refused(&name);
                }
            }
            Step::Hold(scope) => {
                let scope = self.pick(scope);
                let ended = scope.is_ended();
                let hold = scope.hold(|| ());
                assert!(!(ended && hold.is_ok()), "an ended scope refuses");
                self.holds.extend(hold);
            }
            Step::Child(scope) => {
                let child = self.pick(scope).child(format!("s{}", self.children));
                self.children += 1;
                self.scopes.push(child);
            }
            Step::Cancel(scope) => {
                let scope = self.pick(scope);
                let first = scope.cancel(Cause::Requested("the program".to_owned()));
                assert!(scope.is_cancelled());
                assert!(!(first && scope.token().cause().is_none()));
            }
            Step::Close(scope, deadline) => {
                let deadline = self.deadline(deadline);
                let scope = self.pick(scope);
                let report = scope.close(deadline).await;
                assert!(scope.is_ended());
                self.reports.push(report);
            }
            Step::Yield => yield_now().await,
            Step::DropScope(scope) => drop(take(&mut self.scopes, scope)),
            Step::DropHold(hold) => drop(take(&mut self.holds, hold)),
            Step::DropTask(task) => drop(take(&mut self.tasks, task)),
        }
    }

    fn spawn(&mut self, scope: &Scope, ending: &Ending, body: Body) {
        let ended = scope.is_ended();
        let (name, future) = self.ledger.task(scope, ending, body);
        let task = scope.spawn_as(name.clone(), ending.clone(), future);
        match self.ledger.look_at(&name, task) {
            Some(task) => {
                assert!(!ended, "an ended scope refuses");
                self.tasks.push((name, task));
            }
            None if self.exact => assert!(ended, "only an ended scope refuses"),
            None => {}
        }
    }

    fn pick(&self, scope: Index) -> Scope {
        let scopes = self.scopes.iter().chain([self.tree.scope()]);
        scope.get(&scopes.collect::<Vec<_>>()).to_owned().clone()
    }

    /// Real time is not waited for: tasks that have not ended by then are aborted.
    fn deadline(&self, deadline: Deadline) -> Instant {
        match deadline {
            Deadline::Soon if self.exact => Instant::now() + SOON,
            Deadline::Soon => Instant::now() + Duration::from_millis(1),
            Deadline::Now => Instant::now(),
        }
    }

    fn assert_parents_end_last(&self) {
        // An abort goes from parent to child, and on two workers it may be underway.
        if !self.exact {
            return;
        }
        for child in &self.scopes {
            let parents = self.scopes.iter().chain([self.tree.scope()]);
            for parent in parents.filter(|parent| is_parent(parent, child)) {
                assert!(
                    child.is_ended() || !parent.is_ended(),
                    "{parent:?} {child:?}"
                );
                assert!(child.is_cancelled() || !parent.is_cancelled());
            }
        }
    }
}

fn is_parent(parent: &Scope, child: &Scope) -> bool {
    child
        .path()
        .rsplit_once('/')
        .is_some_and(|(path, _)| path == parent.path())
}

fn take<T>(from: &mut Vec<T>, index: Index) -> Option<T> {
    (!from.is_empty()).then(|| from.swap_remove(index.index(from.len())))
}
