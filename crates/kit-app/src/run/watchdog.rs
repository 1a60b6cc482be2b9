//! The watchdog of [`App::main`](crate::App::main): it says who blocks the runtime, and ends the
//! process when a stop does not end.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use kit_sync::{Deadline, Scope, Standstill, Watchdog, WatchdogEvent, WatchdogOptions};
use tokio::time::Instant;

use crate::Event;
use crate::budget::FORCED;
use crate::handle::Core;
use crate::last_words::last_words;
use crate::signals::end_process;

/// Where the watchdog lives: outside the app's tree, whose end it watches over.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) scope: Scope,
    pub(crate) options: WatchdogOptions,
}

/// The deadline of the stop as the watchdog is told it: at once, by whoever asks for the stop. The
/// stop itself may come to nothing because the runtime is blocked.
#[derive(Debug, Default)]
pub(crate) struct Backstop(OnceLock<Armed>);

#[derive(Debug)]
struct Armed {
    watchdog: Watchdog,
    stop_timeout: Duration,
    deadline: Mutex<Option<Deadline>>,
}

impl Armed {
    /// A later request never moves the deadline back.
    fn expect_end_by(&self, deadline: Deadline) {
        let mut nearest = kit_sync::lock(&self.deadline);
        let deadline = match nearest.take() {
            Some(nearest) => nearest.sooner(deadline),
            None => deadline,
        };
        *nearest = Some(deadline.clone());
        self.watchdog.expect_end_by(deadline);
    }
}

impl Backstop {
    /// The request came at `at`; what the process misses from then on is given back.
    pub(crate) fn stop_asked(&self, at: Instant, standstill: &Standstill) {
        if let Some(armed) = self.0.get() {
            armed.expect_end_by(standstill.deadline(at + armed.stop_timeout));
        }
    }

    pub(crate) fn forced(&self, at: Instant, standstill: &Standstill) {
        if let Some(armed) = self.0.get() {
            armed.expect_end_by(standstill.deadline(at + FORCED));
        }
    }

    pub(crate) fn stop_ended(&self) {
        if let Some(armed) = self.0.get() {
            armed.watchdog.has_ended();
        }
    }
}

/// Watches over `app` until `home` ends.
///
/// # Errors
/// When the system has no thread to give.
pub(crate) fn start(
    home: Home,
    app: &Scope,
    core: &Arc<Core>,
    stop_timeout: Duration,
) -> io::Result<()> {
    let Home { scope, options } = home;
    let (ending, last) = (Arc::clone(core), scope.clone());
    let on_event = move |event: &WatchdogEvent| match event {
        WatchdogEvent::Overdue { .. } => {
            let forced = ending.control.is_forced();
            let code = forced.map_or(1, |forced| 128 + forced.signal);
            let words = format!("{event}\nending the process with exit code {code}\n");
            last_words(&last, words);
            end_process(code);
        }
        event => ending.emit(Event::Watchdog(event.clone())),
    };
    let watchdog = Watchdog::start(&scope, app, options, on_event)?;
    let armed = Armed {
        watchdog,
        stop_timeout,
        deadline: Mutex::new(None),
    };
    // A core runs once, so nothing is there yet.
    let _ = core.control.backstop.0.set(armed);
    // Whoever asked before that had nobody to tell; a stop has its whole time from here.
    if core.control.is_asked() {
        let standstill = core.control.watch_standstill();
        let backstop = &core.control.backstop;
        backstop.stop_asked(Instant::now(), &standstill);
    }
    if let Some(forced) = core.control.is_forced() {
        let standstill = core.control.watch_standstill();
        core.control.backstop.forced(forced.at, &standstill);
    }
    Ok(())
}
