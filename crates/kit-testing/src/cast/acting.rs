//! A call that goes as its script says.

use std::future::pending;
use std::panic::resume_unwind;
use std::time::Duration;

use kit_app::BoxError;
use kit_sync::StopToken;
use tokio::time::sleep;

use super::Open;
use crate::recording::Act;
use crate::script::Call;

/// The behaviour of the call with this number, from 0.
pub(crate) fn nth<T: Copy>(calls: &[T], number: usize) -> T {
    calls[number.min(calls.len() - 1)]
}

/// With 0 nothing is awaited.
pub(super) async fn pause(millis: u64) {
    if millis > 0 {
        sleep(Duration::from_millis(millis)).await;
    }
}

/// Makes a call; `token` is that of its scope, if it has one.
///
/// # Errors
/// When its script says so. The text names the part and the point.
pub(crate) async fn call(
    call: Call,
    token: Option<&StopToken>,
    open: Open,
) -> Result<(), BoxError> {
    match call {
        Call::Succeeds(millis) => {
            pause(millis).await;
            succeed(open)
        }
        Call::Fails(millis) => {
            pause(millis).await;
            fail(open)
        }
        Call::Panics(millis) => {
            pause(millis).await;
            panic_now(open)
        }
        Call::EndsAtCancel => {
            cancelled(token, &open).await;
            succeed(open)
        }
        Call::FailsAtCancel => {
            cancelled(token, &open).await;
            fail(open)
        }
        Call::Hangs => pending().await,
    }
}

async fn cancelled(token: Option<&StopToken>, open: &Open) {
    match token {
        Some(token) => {
            token.cancelled().await;
            open.see(Act::SeesCancel);
        }
        None => pending().await,
    }
}

pub(super) fn succeed(open: Open) -> Result<(), BoxError> {
    open.end(Act::Ends);
    Ok(())
}

pub(super) fn fail(open: Open) -> Result<(), BoxError> {
    let error = format!("{} {:?} fails", open.part, open.point);
    open.end(Act::Fails);
    Err(error.into())
}

/// Without the hook for panics, which would print each of thousands.
pub(super) fn panic_now<T>(open: Open) -> T {
    let message = format!("{} {:?} panics", open.part, open.point);
    open.end(Act::Panics);
    resume_unwind(Box::new(message))
}
