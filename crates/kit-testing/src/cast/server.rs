//! A scripted server.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{BoxError, Phase};
use kit_sync::Latch;
use kit_transport::{Context, Listening, Server};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Log, call, live};
use crate::recording::{Part, Point};
use crate::script::{LatchUse, ServerScript};

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
        let latch = match self.script.latch {
            LatchUse::NoLatch => None,
            _ => Some(ctx.latch("the cache")),
        };
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
            let holding = hold(script.latch, latch);
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

/// Does with the latch as its script says. Never ends.
async fn hold<T>(script: LatchUse, latch: Option<Latch>) -> T {
    match (script, latch) {
        (LatchUse::OpensAfter(millis), Some(latch)) => {
            sleep(Duration::from_millis(millis)).await;
            latch.open();
        }
        (LatchUse::GivesUpAfter(millis), Some(latch)) => {
            sleep(Duration::from_millis(millis)).await;
            drop(latch);
        }
        (_, latch) => {
            let _held = latch;
            return pending().await;
        }
    }
    pending().await
}
