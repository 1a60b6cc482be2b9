//! The times that a registration allows its registrar.

use std::time::Duration;

use tokio::time::timeout;

use crate::{Error, ServiceInstance};

/// The limit of one call. A call that takes longer is dropped and made again. Backends have shorter
/// limits; this one is for a backend without any.
const CALL: Duration = Duration::from_secs(15);

/// The longest pause until the first success, which a start may be waiting for, and between two
/// calls of `keep_alive`.
pub(super) const EAGER: Duration = Duration::from_secs(1);

/// The result of `call`, or [`Error::NoAnswer`] when it takes longer than the limit of a call.
pub(super) async fn limited(
    verb: &'static str,
    instance: &ServiceInstance,
    call: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    timeout(CALL, call).await.unwrap_or_else(|_elapsed| {
        Err(Error::NoAnswer {
            attempt: format!("{verb} {instance}"),
            within: CALL,
        })
    })
}
