//! A scripted server.

use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use kit_app::{BoxError, Phase};
use kit_transport::{Context, Listening, Server};
use tokio::sync::Notify;

use super::latch::{HeldLatch, hold};
use super::{Log, call, live};
use crate::recording::{Part, Point};
use crate::script::ServerScript;

pub(crate) struct ScriptedServer {
    pub(crate) script: ServerScript,
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) log: Log,
    pub(crate) dies: Arc<Notify>,
}

#[async_trait]
impl Server for ScriptedServer {
    fn name(&self) -> &str {
        &self.name
    }

    fn phase(&self) -> Phase {
        Phase::new(self.script.phase)
    }

    /// Its task begins at the end, and holds the latch.
    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        let (part, scope) = (Part::Server(self.index), ctx.scope().clone());
        let latch = HeldLatch::take(self.script.latch, part, ctx, &self.log);
        let open = self.log.begin(part, Point::Start);
        call(self.script.start, Some(scope.token()), open).await?;
        if let Some(life) = self.script.spawns {
            let (token, open) = (scope.token().clone(), self.log.begin(part, Point::Spawned));
            // Unnamed: it is no reason to live, and has nothing to give an error to.
            let spawned = async move { drop(live(life, &token, pending(), open).await) };
            scope.track(spawned).map_err(|_| "the scope has ended")?;
        }
        let (script, dies) = (self.script.clone(), Arc::clone(&self.dies));
        let (token, open) = (scope.token().clone(), self.log.begin(part, Point::Serve));
        scope.spawn("serve", async move {
            let serving = live(script.life, &token, dies.notified(), open);
            let holding = hold(latch);
            tokio::select! {
                biased;
                ended = serving => ended,
                never = holding => never,
            }
        });
        Ok(vec![Listening::tcp("http", ([10, 0, 0, 1], 80).into())])
    }

    async fn stop(&self) -> Result<(), BoxError> {
        let open = self.log.begin(Part::Server(self.index), Point::Stop);
        call(self.script.stop, None, open).await
    }
}
