//! The thread of the admin server, with its runtime.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{BoxError, Ending, Scope, StopToken, TaskTree};
use kit_transport::{Context, FreePorts, Lifecycle, Listening, Server as _, Stage, Values, simple};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};
use tracing::dispatcher;

use super::access::Access;
use super::options::{Admin, NAME};
use super::routes::Routes;
use crate::core::Core;
use crate::events::current_subscriber;
use crate::health::{Heartbeat, Pulse, TICK};
use crate::log;
use crate::settings::Settings;
use crate::{AppHandle, Error};

/// How long connections have at the end. Every answer is short, and was given at once.
const END: Duration = Duration::from_millis(20);

/// Starts the admin server on a thread of `home`, which ends with `home`. Returns once it listens.
///
/// # Errors
/// When it cannot listen, or the system has no thread to give.
pub(crate) async fn start(
    admin: Admin,
    app: &AppHandle,
    settings: &Settings,
    home: &Scope,
) -> Result<Vec<Listening>, Error> {
    let heartbeat = Arc::new(Heartbeat::default());
    let answering = Arc::clone(&heartbeat).answer();
    let scope = home.child(NAME);
    scope.spawn_as("heartbeat", Ending::MayBeDropped, answering);
    let is_development = settings.environment().is_development();
    let access = Access::new(admin.token.clone(), is_development);
    let tasks = app.core().tasks().unwrap_or(home);
    let tasks = tasks.child("admin routes");
    let added = settings.admin_routes.clone();
    let routes = Routes::new(app.clone(), access, added, tasks);
    let (started, listening) = oneshot::channel();
    let thread = Thread {
        server: admin.server(move |head, body| routes.answer(head, body)),
        core: Arc::clone(app.core()),
        free_ports: settings.free_ports.then_some(FreePorts),
        pulse: Pulse::new(heartbeat),
    };
    let subscriber = current_subscriber();
    // The thread serves this app alone: each line that is logged on it is about the instance.
    let instance = log::instance(app.info());
    let spawned = scope.spawn_thread(NAME, move |token| {
        let _subscriber = subscriber.as_ref().map(dispatcher::set_default);
        let _inside = instance.enter();
        match runtime() {
            Ok(runtime) => runtime.block_on(thread.run(token, started)),
            Err(error) => {
                let _ = started.send(Err(error.into()));
            }
        }
    });
    let listening = match spawned {
        // A thread that panics drops its sender.
        Ok(_) => listening
            .await
            .unwrap_or_else(|_| Err("its thread has ended".into())),
        Err(error) => Err(error.into()),
    };
    listening.map_err(|source| Error::Start {
        component: NAME.to_owned(),
        source,
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The tree of the admin server's tasks. A failure in it is an event of the app.
fn tree_of(core: &Arc<Core>) -> TaskTree {
    let tree = TaskTree::new(NAME);
    core.emit_failures_of(tree.scope());
    tree
}

struct Thread {
    server: simple::Server,
    core: Arc<Core>,
    free_ports: Option<FreePorts>,
    pulse: Pulse,
}

impl Thread {
    /// Serves until `token` is cancelled, and looks at the app's runtime meanwhile.
    async fn run(
        mut self,
        token: StopToken,
        started: oneshot::Sender<Result<Vec<Listening>, BoxError>>,
    ) {
        let tree = tree_of(&self.core);
        let mut beginning = Lifecycle::new();
        beginning.stage = Stage::Running;
        let (life, seen) = watch::channel(beginning);
        let remarks = Arc::clone(&self.core.journal);
        let mut values = Values::new();
        if let Some(free_ports) = self.free_ports {
            values.insert(free_ports);
        }
        let context = Context::new(tree.scope().child("server"), seen)
            .with_app_values(values)
            .with_remarks(move |what| remarks.remark(format!("{NAME}: {what}")));
        let listening = self.server.start(&context).await;
        let is_listening = listening.is_ok();
        let _ = started.send(listening);
        if is_listening {
            token.run_until_cancelled(self.watch_runtime()).await;
        }
        let end = Instant::now() + END;
        life.send_modify(|life| {
            life.stage = Stage::Draining;
            life.deadline = Some(end.into());
        });
        tree.close(end).await;
    }

    /// Never ends.
    async fn watch_runtime(&mut self) {
        let liveness = self.core.health.liveness();
        loop {
            self.pulse.look().record(liveness);
            sleep(TICK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::events::Events;
    use crate::health::Health;
    use crate::reload::ReloadRequests;
    use crate::{Delivery, Event, Info};

    /// A task of the server fails where no answer shows it.
    #[tokio::test]
    async fn a_task_of_the_admin_server_that_fails_is_an_event() {
        let [id, name, version] = ["1", "app", "0.1.0"].map(str::to_owned);
        let info = Info::new(id, name, version, BTreeMap::new());
        let (seen, mut failed) = tokio::sync::mpsc::unbounded_channel();
        let observer = crate::events::Observer {
            name: "test".to_owned(),
            observe: Box::new(move |stamped| {
                if let Event::TaskFailed { task } = &stamped.event {
                    let _ = seen.send(task.path());
                }
            }),
        };
        let events = Events::new(Delivery::Inline, vec![observer]);
        let core = Core::new(
            info,
            events,
            Health::new(Vec::new()),
            ReloadRequests::new(false),
        );
        let core = Arc::new(core);
        let tree = tree_of(&core);
        tree.scope()
            .child("server")
            .spawn("accept", async { Err::<(), BoxError>("bad luck".into()) });
        assert_eq!(failed.recv().await.unwrap(), "admin/server/accept");
    }
}
