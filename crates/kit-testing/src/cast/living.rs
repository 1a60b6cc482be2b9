//! A task that is to run until it is cancelled.

use std::future::pending;

use kit_app::BoxError;
use kit_sync::{Ending, Scope, StopToken};

use super::acting::{fail, panic_now, pause, succeed};
use super::{Log, Open};
use crate::recording::{Act, Part, Point};
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

/// Spawns the task that a part has beside, if it has one.
pub(crate) fn spawn_beside(scope: &Scope, life: Option<Life>, part: Part, log: &Log) {
    let Some(life) = life else {
        return;
    };
    let (token, open) = (scope.token().clone(), log.begin(part, Point::Spawned));
    let spawned = async move { live(life, &token, pending(), open).await };
    scope.spawn_as("beside", Ending::WhenCancelled, spawned);
}
