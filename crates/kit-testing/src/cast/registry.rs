//! A scripted registry. What it shows is read from the log: an instance from the beginning of a `register`,
//! since a write may have taken effect at once, until a `deregister` has ended or the instance was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kit_app::BoxError;
use kit_registry::{Error, LossReason, Registrar, ServiceInstance};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use super::{Log, call, nth};
use crate::recording::{Act, Part, Point};
use crate::script::RegistryScript;

pub(crate) struct ScriptedRegistry {
    pub(crate) script: RegistryScript,
    pub(crate) index: usize,
    pub(crate) log: Log,
    pub(crate) loses: Arc<Notify>,
    /// Whether it has confirmed the instance, and not lost it since.
    pub(crate) shows: watch::Sender<bool>,
    pub(crate) registers: AtomicUsize,
    pub(crate) deregisters: AtomicUsize,
}

impl ScriptedRegistry {
    fn part(&self) -> Part {
        Part::Registry(self.index)
    }

    fn refused(&self, attempt: &str, error: BoxError) -> Error {
        Error::refused(attempt, self.part().to_string(), error)
    }
}

#[async_trait]
impl Registrar for ScriptedRegistry {
    async fn register(&self, _: &ServiceInstance) -> Result<(), Error> {
        let number = self.registers.fetch_add(1, Ordering::Relaxed);
        let open = self.log.begin(self.part(), Point::Register);
        let called = call(nth(&self.script.register, number), None, open).await;
        if called.is_ok() {
            self.shows.send_replace(true);
        }
        called.map_err(|error| self.refused("register", error))
    }

    /// Waits until there is something to keep.
    async fn keep_alive(&self, _: &ServiceInstance) -> LossReason {
        // The sender is `self`: it is alive.
        let _ = self.shows.subscribe().wait_for(|shows| *shows).await;
        let open = self.log.begin(self.part(), Point::KeepAlive);
        let runs_out = async {
            match self.script.kept_for {
                Some(millis) => sleep(Duration::from_millis(millis)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.loses.notified() => {}
            () = runs_out => {}
        }
        self.shows.send_replace(false);
        open.end(Act::Fails);
        LossReason::Expired
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        let number = self.deregisters.fetch_add(1, Ordering::Relaxed);
        let open = self.log.begin(self.part(), Point::Deregister);
        let called = call(nth(&self.script.deregister, number), None, open).await;
        called.map_err(|error| self.refused("deregister", error))
    }
}
