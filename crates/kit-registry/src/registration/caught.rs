//! A registrar whose panics are errors of the call: the task that keeps the instance goes on, tries again, and takes
//! it away at the end.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use kit_sync::panic::{message, take_location};

use crate::{Error, LossReason, Registrar, Remarks, ServiceInstance};

pub(super) struct Caught(pub(super) Arc<dyn Registrar>);

#[async_trait]
impl Registrar for Caught {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let call = async { self.0.register(instance).await };
        caught("register", instance, call).await.unwrap_or_else(Err)
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        let call = async { self.0.keep_alive(instance).await };
        let ended = caught("keep alive", instance, call).await;
        ended.unwrap_or_else(|error| LossReason::Unreachable(Arc::new(error)))
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let call = async { self.0.hold(instance).await };
        let ended = caught("watch", instance, call).await;
        ended.unwrap_or_else(|error| LossReason::Unreachable(Arc::new(error)))
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let call = async { self.0.deregister(instance).await };
        caught("deregister", instance, call)
            .await
            .unwrap_or_else(Err)
    }

    fn remarks(&self) -> Remarks {
        self.0.remarks()
    }
}

/// The output of `call`, or its panic.
async fn caught<T>(
    verb: &'static str,
    instance: &ServiceInstance,
    call: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut call = pin!(call);
    let polled = poll_fn(|cx| {
        // It is not polled again after a panic.
        let poll = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        match poll {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(message(&*panic).to_owned())),
        }
    });
    polled.await.map_err(|message| Error::Panicked {
        attempt: format!("{verb} {instance}"),
        panic: match take_location() {
            Some(place) => format!("at {place}: {message}"),
            None => message,
        },
    })
}
