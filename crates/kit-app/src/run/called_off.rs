//! Why a start has not come to its end.

use kit_sync::{Cause, error_chain};

use crate::Error;
use crate::control::{Asked, StopWasAsked};
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
    HookTimedOut(Box<RunningHook>, Box<Error>),
    /// A step has failed, or the starts of several components have used up their time together.
    Failed(Vec<Error>),
}

impl From<Error> for CalledOff {
    fn from(error: Error) -> CalledOff {
        CalledOff::Failed(vec![error])
    }
}

impl From<StopWasAsked> for CalledOff {
    fn from(_: StopWasAsked) -> CalledOff {
        CalledOff::StopAsked
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
    /// if there is one. Gives the request that stands, and the hook.
    ///
    /// The request is made here when there is none: a stop that waited for one would not begin.
    pub(super) fn record(self, core: &Core) -> (Asked, Option<RunningHook>) {
        let asked = || {
            let cause = Cause::Requested("the start was called off".to_owned());
            core.control.ask_unless_asked(cause)
        };
        match self {
            CalledOff::StopAsked => (asked(), None),
            CalledOff::Failed(errors) => {
                errors.into_iter().for_each(|error| core.fail(error));
                (asked(), None)
            }
            CalledOff::HookInterrupted(hook) => {
                let asked = asked();
                hook.cancel(asked.cause.clone());
                (asked, Some(*hook))
            }
            CalledOff::HookTimedOut(hook, error) => {
                core.fail(*error);
                hook.cancel(Cause::Deadline);
                (asked(), Some(*hook))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::App;

    #[test]
    fn a_start_that_is_called_off_has_a_request_to_stop_at_once() {
        for called_off in [CalledOff::StopAsked, CalledOff::Failed(Vec::new())] {
            let app = App::builder("app").build();
            let handle = app.handle();
            let (asked, hook) = called_off.record(handle.core());
            let cause = Cause::Requested("the start was called off".to_owned());
            assert!(asked.cause == cause && hook.is_none());
        }
    }

    #[test]
    fn the_request_that_was_made_before_stands() {
        let app = App::builder("app").build();
        let handle = app.handle();
        handle.stop("enough");
        let (asked, _) = CalledOff::StopAsked.record(handle.core());
        assert_eq!(asked.cause, Cause::Requested("enough".to_owned()));
    }
}
