//! A task that is to run until it is cancelled.

use std::future::pending;

use kit_app::BoxError;
use kit_sync::StopToken;

use super::Open;
use super::acting::{fail, panic_now, pause, succeed};
use crate::recording::Act;
use crate::script::Life;

/// Lives as its script says. `died` fails it from the outside, until it is cancelled.
///
/// # Errors
/// When its script says so, or when it was made to die.
pub(crate) async fn live(
    life: Life,
    token: &StopToken,
    died: impl Future<Output = ()>,
    open: Open,
) -> Result<(), BoxError> {
    let by_itself = async {
        match life {
            Life::EndsAfter(millis) | Life::FailsAfter(millis) | Life::PanicsAfter(millis) => {
                pause(millis).await;
            }
            _ => pending().await,
        }
    };
    let mut by_itself = std::pin::pin!(by_itself);
    tokio::select! {
        biased;
        () = token.cancelled() => open.see(Act::SeesCancel),
        () = died => return fail(open),
        () = &mut by_itself => return match life {
            Life::FailsAfter(_) => fail(open),
            Life::PanicsAfter(_) => panic_now(open),
            _ => succeed(open),
        },
    }
    match life {
        Life::Drains(millis) => {
            pause(millis).await;
            succeed(open)
        }
        Life::FailsInDrain(millis) => {
            pause(millis).await;
            fail(open)
        }
        Life::PanicsInDrain(millis) => {
            pause(millis).await;
            panic_now(open)
        }
        // Cancelled or not, it ends at its time.
        Life::EndsAfter(_) => {
            by_itself.await;
            succeed(open)
        }
        Life::FailsAfter(_) | Life::PanicsAfter(_) => succeed(open),
        Life::NeverEnds => pending().await,
    }
}
