//! What a registration allows its registrar: a time for each call, and a panic that is an error like any other.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::BoxError;
use kit_sync::policy::{Failure, caught};
use tokio::time::timeout;

use crate::{Error, LossReason, ServiceInstance};

/// The limit of one call. A call that takes longer is dropped and made again. Backends have shorter
/// limits; this one is for a backend without any.
const CALL: Duration = Duration::from_secs(15);

/// The longest pause until the first success, which a start may be waiting for, and between two
/// calls of `keep_alive`.
pub(super) const EAGER: Duration = Duration::from_secs(1);

/// The result of `call`, or [`Error::NoAnswer`] when it takes longer than the limit of a call. A panic is
/// [`Error::Refused`]: without it the instance would be neither repaired nor taken away any more.
pub(super) async fn limited(
    verb: &'static str,
    instance: &ServiceInstance,
    call: impl Future<Output = Result<(), Error>> + Send,
) -> Result<(), Error> {
    let limited = async { Ok::<_, BoxError>(timeout(CALL, call).await) };
    match caught(limited).await {
        Ok(Ok(result)) => result,
        Ok(Err(_elapsed)) => Err(Error::NoAnswer {
            attempt: format!("{verb} {instance}"),
            within: CALL,
        }),
        Err(panic) => Err(panicked(verb, instance, panic)),
    }
}

/// Why `call` has lost the instance. After a panic that is not known.
pub(super) async fn watched(
    verb: &'static str,
    instance: &ServiceInstance,
    call: impl Future<Output = LossReason> + Send,
) -> LossReason {
    let watched = async { Ok::<_, BoxError>(call.await) };
    let lost = caught(watched).await;
    lost.unwrap_or_else(|panic| LossReason::Unreachable(Arc::new(panicked(verb, instance, panic))))
}

fn panicked(verb: &str, instance: &ServiceInstance, panic: Failure) -> Error {
    Error::refused(format!("{verb} {instance}"), "the registrar", panic)
}
