//! A registrar whose panics are errors of the call: the task that keeps the instance goes on, tries again, and takes
//! it away at the end.

use std::sync::Arc;

use async_trait::async_trait;

use crate::caught::caught;
use crate::{Error, LossReason, Registrar, Remarks, ServiceInstance};

pub(super) struct Caught(pub(super) Arc<dyn Registrar>);

#[async_trait]
impl Registrar for Caught {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let call = async { self.0.register(instance).await };
        let attempt = format!("register {instance}");
        caught(attempt, call).await.unwrap_or_else(Err)
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        let call = async { self.0.keep_alive(instance).await };
        let ended = caught(format!("keep alive {instance}"), call).await;
        ended.unwrap_or_else(|error| LossReason::Unreachable(Arc::new(error)))
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let call = async { self.0.hold(instance).await };
        let ended = caught(format!("watch {instance}"), call).await;
        ended.unwrap_or_else(|error| LossReason::Unreachable(Arc::new(error)))
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let call = async { self.0.deregister(instance).await };
        let attempt = format!("deregister {instance}");
        caught(attempt, call).await.unwrap_or_else(Err)
    }

    fn remarks(&self) -> Remarks {
        self.0.remarks()
    }
}
