//! Every public future can be spawned: the compiler checks it here, so nothing has to run.

use std::time::Duration;

use kit::registry::{Discovery, Registrar, Registration, ServiceInstance, ServiceName, Watch};
use kit::sync::{
    BoundedGroup, BoxError, Changes, Deadline, Gate, Group, Scope, StopToken, Supervisor, TaskTree,
    Watchdog,
};
use kit::{App, AppHandle, Context, Server};
use tokio::time::Instant;

fn send<T: Send>(_: T) {}

fn can_be_shared<T: Send + Sync + 'static>() {}

#[test]
fn every_public_future_is_send() {
    let _ = |app: App| send(app.run());
    let _ = |handle: &AppHandle| send(handle.started());
    let _ = |registration: &Registration, limit: Duration| {
        send(registration.first(limit));
        send(registration.deregister());
        send(registration.deregister_within(limit));
    };
    let _ = |registrar: &dyn Registrar, instance: &ServiceInstance| {
        send(registrar.register(instance));
        send(registrar.keep_alive(instance));
        send(registrar.hold(instance));
        send(registrar.deregister(instance));
    };
    let _ = |discovery: &dyn Discovery, name: &ServiceName| send(discovery.watch(name));
    let _ = |watch: &mut Watch| send(watch.next());
    let _ = |server: &dyn Server, context: &Context| {
        send(server.start(context));
        send(server.stop());
    };
    let _ = |group: &mut Group<BoxError>| send(group.wait());
    let _ = |group: &mut BoundedGroup<BoxError>| send(group.wait());
    let _ = |changes: &mut Changes<String>| send(changes.next());
    let _ = |gate: &Gate| send(gate.opened());
    let _ = |token: &StopToken| {
        send(token.cancelled());
        send(token.run_until_cancelled(std::future::pending::<()>()));
    };
    let _ = |deadline: &Deadline| {
        send(deadline.passed());
        send(deadline.has_passed());
        send(deadline.catch_up());
    };
    let _ = |scope: &Scope, deadline: &Deadline| {
        send(scope.cancelled());
        send(scope.close(deadline.instant()));
        send(scope.close_by(deadline));
    };
    let _ = |tree: &TaskTree| send(tree.close(Instant::now()));
    let _ = |supervisor: &Supervisor| {
        send(supervisor.all_ended());
        send(supervisor.first_failure());
    };
}

#[test]
fn what_is_handed_around_can_be_shared() {
    can_be_shared::<AppHandle>();
    can_be_shared::<Context>();
    can_be_shared::<Registration>();
    can_be_shared::<Scope>();
    can_be_shared::<Watchdog>();
    can_be_shared::<kit::Error>();
    can_be_shared::<kit::RunError>();
    can_be_shared::<kit::Report>();
    can_be_shared::<kit::Stamped>();
}
