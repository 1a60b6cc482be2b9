//! The thread of the admin server, with its runtime.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{BoxError, Ending, Scope, StopToken, TaskTree};
use kit_transport::{Context, FreePorts, Lifecycle, Listening, Server as _, Stage, Values, simple};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use super::access::Access;
use super::options::{Admin, NAME};
use super::pulse::{Beat, Heartbeat, Pulse, TICK};
use super::routes::Routes;
use crate::core::Core;
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
    let routes = Routes::new(app.clone(), access);
    let (started, listening) = oneshot::channel();
    let thread = Thread {
        server: admin.server(move |head| routes.answer(head)),
        core: Arc::clone(app.core()),
        free_ports: settings.free_ports.then_some(FreePorts),
        pulse: Pulse::new(heartbeat),
    };
    let spawned = scope.spawn_thread(NAME, move |token| match runtime() {
        Ok(runtime) => runtime.block_on(thread.run(token, started)),
        Err(error) => {
            let _ = started.send(Err(error.into()));
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
        let tree = TaskTree::new(NAME);
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
            match self.pulse.look() {
                Beat::Answered => liveness.mark_back(),
                Beat::Awaited => {}
                Beat::Silent(since) => liveness.mark_silent(since),
            }
            sleep(TICK).await;
        }
    }
}
