//! The handlers of a `main`: they stand before the author's first function is called, and until
//! the process ends.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use kit_sync::{Cause, Scope};

use super::building::Building;
use super::inbox::Inbox;
use super::os::{Handlers, Standing};
use super::roles::{AfterRun, Roles};
use super::route::{Route, Target};
use super::signal::Signal;
use super::terminal::Terminal;
use crate::control::Control;

/// Handlers that stand and are not read yet: what comes is kept.
#[derive(Debug)]
pub(crate) struct BeforeBuild {
    handlers: Handlers,
    roles: Roles,
    terminal: Terminal,
}

impl BeforeBuild {
    pub(super) fn stand(roles: Roles) -> io::Result<BeforeBuild> {
        Ok(BeforeBuild {
            handlers: Handlers::stand(roles.all())?,
            terminal: Terminal::now(),
            roles,
        })
    }

    /// Reads the signals in a thread of `home`, which lives until the process ends.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn read(self, home: &Scope) -> io::Result<Early> {
        let BeforeBuild {
            handlers,
            roles,
            terminal,
        } = self;
        let building = Building::new(roles, terminal, home);
        let route = Route::to(Target::Building(building));
        let read = route.clone();
        let standing = handlers.read(home, move |batch| read.take(batch))?;
        Ok(Early {
            standing: Mutex::new(Some(standing)),
            terminal,
            route,
        })
    }
}

/// Handlers that are read.
#[derive(Debug)]
pub(crate) struct Early {
    standing: Mutex<Option<Standing>>,
    terminal: Terminal,
    route: Route,
}

impl Early {
    /// Awaits what `build` makes, unless a signal asks for a stop first: then the future is
    /// dropped. A future that blocks its thread instead ends the process five seconds later.
    ///
    /// # Errors
    /// The cause of the stop.
    pub(crate) async fn build<F: Future>(
        &self,
        build: impl FnOnce() -> F,
    ) -> Result<F::Output, Cause> {
        let control = match &*self.route.lock() {
            Target::Building(building) => Some(Arc::clone(building.control())),
            Target::App(_) | Target::Nothing => None,
        };
        let Some(control) = control else {
            return Ok(build().await);
        };
        // The author's function is not called when a stop was asked for before.
        let building = async { build().await };
        let built = tokio::select! {
            biased;
            asked = control.asked() => Err(asked.cause),
            built = building => Ok(built),
        };
        if let Target::Building(building) = &mut *self.route.lock() {
            building.end();
        }
        built
    }

    /// Sends the app the signals that it has a role for; the others are given back.
    pub(super) fn hand_over(&self, roles: &Roles, after: AfterRun, inbox: Arc<Inbox>) {
        self.route.hand_over(inbox);
        let mut standing = kit_sync::lock(&self.standing);
        if let Some(standing) = &mut *standing {
            standing.after_run(after);
            standing.keep(|signal| roles.of(signal).is_some());
        }
    }

    /// Gives all signals back, for an app that takes none. A stop that was asked for while there
    /// was no app is one of the app.
    pub(super) fn give_back(&self, after: AfterRun, control: &Control) {
        let standing = kit_sync::lock(&self.standing).take();
        if let Some(standing) = standing {
            standing.close(after);
        }
        let target = std::mem::take(&mut *self.route.lock());
        if let Target::Building(building) = target
            && let Some(asked) = building.control().request_so_far()
        {
            control.ask(asked.cause);
        }
    }

    pub(super) fn terminal(&self) -> Terminal {
        self.terminal
    }

    pub(super) fn holds(&self, signal: Signal) -> bool {
        let standing = kit_sync::lock(&self.standing);
        standing
            .as_ref()
            .is_some_and(|standing| standing.holds(signal))
    }

    pub(super) fn route(&self) -> &Route {
        &self.route
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        let standing = self
            .standing
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(standing) = standing.take() {
            standing.leak();
        }
    }
}
