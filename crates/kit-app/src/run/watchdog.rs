//! The watchdog of an app: it names what blocks the runtime, and ends the process when a stop does not
//! end and the process is the app's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Scope, Watchdog, WatchdogEvent, WatchdogOptions};

use crate::Event;
use crate::core::Core;
use crate::last_words::last_words;
use crate::orchestrator::TerminationMessage;
use crate::signals::end_process;

/// Watches over the tasks of `app`. The watchdog lives in `home`, outside the app's tree, whose end
/// it watches over.
///
/// # Errors
/// When the system has no thread to give.
pub(super) fn start(
    home: &Scope,
    app: &Scope,
    options: WatchdogOptions,
    core: &Arc<Core>,
    stop_timeout: Duration,
    ends_process: bool,
    message: Option<TerminationMessage>,
) -> io::Result<()> {
    let (ending, last) = (Arc::clone(core), home.clone());
    let on_event = move |event: &WatchdogEvent| match event {
        WatchdogEvent::Overdue { .. } if ends_process => {
            let forced = ending.control.is_forced();
            let code = forced.map_or(1, |forced| forced.signal.exit_code());
            let words = format!("{event}\nending the process with exit code {code}\n");
            if let Some(message) = &message {
                message.leave_beside(&words, &last);
            }
            last_words(&last, words);
            end_process(code);
        }
        event => {
            match event {
                WatchdogEvent::RuntimeSilent { since, .. } => {
                    ending.health.liveness().mark_silent(*since);
                }
                WatchdogEvent::RuntimeBack { .. } => ending.health.liveness().mark_back(),
                _ => {}
            }
            ending.emit(Event::Watchdog(event.clone()));
        }
    };
    let watchdog = Watchdog::start(home, app, options, on_event)?;
    core.control.arm_backstop(watchdog, stop_timeout);
    Ok(())
}
