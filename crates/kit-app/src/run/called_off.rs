//! Why a start has not come to its end.

use kit_sync::{Cause, error_chain};

use crate::Error;
use crate::core::Core;
use crate::hook::running::RunningHook;
use crate::settings::Settings;

/// The early end of a start. The stop that follows takes down what the start has built up.
pub(crate) enum CalledOff {
    /// A stop was asked for.
    StopAsked,
    /// A stop was asked for while this hook ran, which may go on.
    HookInterrupted(Box<RunningHook>),
    /// This hook has used up its time, which is the error. It may go on until the deadline of the
    /// stop.
    HookTimedOut(Box<RunningHook>, Error),
    /// A step has failed, or the starts of several components have used up their time together.
    Failed(Vec<Error>),
}

impl From<Error> for CalledOff {
    fn from(error: Error) -> CalledOff {
        CalledOff::Failed(vec![error])
    }
}

impl CalledOff {
    /// The error of a hook or of a start: a failure, or a consequence when the parent of the app,
    /// which the hook may watch, too, was cancelled first.
    pub(super) fn by(error: Error, settings: &Settings, core: &Core) -> CalledOff {
        let parent = settings.parent.as_ref();
        let Some(parent) = parent.filter(|parent| parent.is_cancelled()) else {
            return error.into();
        };
        let cause = parent.cause().unwrap_or(Cause::ParentEnded);
        core.control.ask(cause);
        core.journal.remark(error_chain(&error));
        CalledOff::StopAsked
    }

    /// Asks for a stop because of the failures, if there are any, and cancels the hook that runs,
    /// if there is one.
    pub(super) async fn record(self, core: &Core) -> Option<RunningHook> {
        match self {
            CalledOff::StopAsked => None,
            CalledOff::Failed(errors) => {
                errors.into_iter().for_each(|error| core.fail(error));
                None
            }
            CalledOff::HookInterrupted(hook) => {
                hook.cancel(core.control.asked().await.cause);
                Some(*hook)
            }
            CalledOff::HookTimedOut(hook, error) => {
                core.fail(error);
                hook.cancel(Cause::Deadline);
                Some(*hook)
            }
        }
    }
}
