//! The signals of the operating system, and how each becomes a stop, a line or a dump.
//!
//! Handlers stand before the first hook runs and until the last has ended, and under
//! [`App::main_with`](crate::App::main_with) from before the build until the process ends, so that
//! no signal is lost; a separate thread reads them, so that they work while the runtime is
//! blocked. That thread waits for nothing: it writes no line and calls no observer.

mod building;
mod early;
mod inbox;
#[cfg(not(unix))]
mod no_terminal;
#[cfg(not(unix))]
mod no_unix;
mod options;
mod roles;
mod route;
mod signal;
mod stop;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod unix;

use std::io;
use std::sync::{Arc, Mutex};

use kit_sync::Scope;
use tokio::time::Instant;

use crate::core::Core;
use crate::{Error, Event};
pub(crate) use early::{BeforeBuild, Early};
use inbox::Inbox;
#[cfg(not(unix))]
use no_terminal as terminal;
#[cfg(not(unix))]
use no_unix as os;
pub use options::SignalOptions;
use os::{Handlers, Standing};
pub use roles::AfterRun;
use roles::{Role, Roles};
use route::{Route, Target};
pub use signal::Signal;
use terminal::Terminal;
#[cfg(unix)]
use unix as os;

/// Ends the process there and then: a blocked thread cannot hold it up.
pub(crate) fn end_process(code: i32) {
    os::end_process(code);
}

/// Where signals come from, and which one does what.
///
/// | role | signals | what one asks for |
/// |---|---|---|
/// | [`stop`](Self::stop) | SIGTERM | a clean stop, and never more than that: platforms repeat it |
/// | [`interrupt`](Self::interrupt) | SIGINT | a clean stop. During a stop that something else asked for, the first is answered by a line; the second forces, at least 100 ms later |
/// | [`force`](Self::force) | SIGQUIT | a clean stop; during a stop, its end by force |
/// | [`reload`](Self::reload) | SIGHUP | a [reload](crate::AppBuilder::on_reload); without a hook for one, a line. SIGHUP is a clean stop when the process has lost the terminal that it was started from |
/// | [`dump`](Self::dump) | SIGUSR1 | the states of the components and the task tree in the log |
///
/// An interrupt or a force after a forced stop ends the process there and then. A stop that was
/// forced by signal *n* exits with 128 + *n*. For 143 besides 130 and 131, SIGTERM has to force:
///
/// ```
/// use kit_app::{App, Signal, Signals};
///
/// let signals = Signals::os()
///     .stop([] as [Signal; 0])
///     .interrupt([Signal::INT, Signal::TERM]);
/// let app = App::builder("helloworld").signals(signals).build();
/// # drop(app);
/// ```
///
/// Roles that make no sense are an [`Error::Option`] of [`App::run`](crate::App::run): a signal with two
/// roles, one that cannot be caught (SIGKILL, SIGSTOP), one that comes from a fault (SIGSEGV), and
/// a number that the system has no signal for.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    source: Source,
    roles: Roles,
    after_run: Option<AfterRun>,
    early: Option<Arc<Early>>,
}

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Os,
    None,
    Sender(SignalSender),
}

impl Signals {
    /// The operating system's. The default.
    ///
    /// The thread that reads them has them even if the process was started with signals blocked. A
    /// SIGHUP that was ignored at the start stays ignored, as `nohup` wants it; SIGTERM, SIGINT and
    /// SIGQUIT are taken all the same, because shells start what runs in the background with
    /// SIGINT ignored (the dispositions are known on Linux only).
    #[must_use]
    pub fn os() -> Signals {
        Signals::default()
    }

    /// None at all, for an app embedded in a program that handles its own.
    ///
    /// [`App::main_with`](crate::App::main_with) takes signals until its build has returned this;
    /// then they have no effect of Kit's, as with [`AfterRun::Nothing`], unless
    /// [`after_run`](Self::after_run) says otherwise.
    #[must_use]
    pub fn none() -> Signals {
        Signals {
            source: Source::None,
            after_run: Some(AfterRun::Nothing),
            ..Signals::default()
        }
    }

    /// From a sender, for tests: they go the same way as the real ones, but none ends the process.
    #[must_use]
    pub fn manual() -> (Signals, SignalSender) {
        let sender = SignalSender::default();
        let signals = Signals {
            source: Source::Sender(sender.clone()),
            ..Signals::default()
        };
        (signals, sender)
    }

    /// Replaces the signals that ask for a stop and never force it. Default: SIGTERM.
    #[must_use]
    pub fn stop<S: Into<Signal>>(self, signals: impl IntoIterator<Item = S>) -> Signals {
        self.role(Role::Stop, signals)
    }

    /// Replaces the signals that ask for a stop, and of which a stop's second one forces. Default:
    /// SIGINT.
    #[must_use]
    pub fn interrupt<S: Into<Signal>>(self, signals: impl IntoIterator<Item = S>) -> Signals {
        self.role(Role::Interrupt, signals)
    }

    /// Replaces the signals that force a stop, and ask for one when there is none. Default:
    /// SIGQUIT.
    #[must_use]
    pub fn force<S: Into<Signal>>(self, signals: impl IntoIterator<Item = S>) -> Signals {
        self.role(Role::Force, signals)
    }

    /// Replaces the signals that ask for a [reload](crate::AppBuilder::on_reload). Default: SIGHUP.
    #[must_use]
    pub fn reload<S: Into<Signal>>(self, signals: impl IntoIterator<Item = S>) -> Signals {
        self.role(Role::Reload, signals)
    }

    /// Replaces the signals that print the states of the components and the task tree. Default: SIGUSR1.
    #[must_use]
    pub fn dump<S: Into<Signal>>(self, signals: impl IntoIterator<Item = S>) -> Signals {
        self.role(Role::Dump, signals)
    }

    /// Replaces what the signals do once the last app has ended. Default: the system's default
    /// action, for those that were neither caught nor ignored before the first app.
    ///
    /// After [`App::main`](crate::App::main) they do nothing, because nothing comes after it but
    /// the exit code.
    #[must_use]
    pub fn after_run(self, after: AfterRun) -> Signals {
        Signals {
            after_run: Some(after),
            ..self
        }
    }

    /// Replaces the signals of every role by those that are written in `options`, such as those of a file.
    #[must_use]
    pub fn options(mut self, options: &SignalOptions) -> Signals {
        for (role, signals) in options.roles() {
            self.roles.set(role, signals.iter().copied());
        }
        self
    }

    fn role<S: Into<Signal>>(
        mut self,
        role: Role,
        signals: impl IntoIterator<Item = S>,
    ) -> Signals {
        self.roles.set(role, signals);
        self
    }

    /// The signals that ask for a stop; none when the app takes none.
    pub(crate) fn stopping(&self) -> Vec<Signal> {
        match self.source {
            Source::None => Vec::new(),
            Source::Os | Source::Sender(_) => self.roles.stopping(),
        }
    }

    /// The roles that make no sense.
    pub(crate) fn check(&self) -> Vec<Error> {
        let wrong = self.roles.check().into_iter();
        wrong.map(|(_, _, wrong)| Error::Option(wrong)).collect()
    }

    /// Handlers for a `main`, before its build; `None` when there is nothing to handle, or when the
    /// run will refuse the roles.
    pub(crate) fn before_build(&self) -> io::Result<Option<BeforeBuild>> {
        if !matches!(self.source, Source::Os) || !self.roles.check().is_empty() {
            return Ok(None);
        }
        match BeforeBuild::stand(self.roles.clone()) {
            Ok(standing) => Ok(Some(standing)),
            // An app with no signals may run all the same.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// With the handlers that stood during the build.
    pub(crate) fn after_build(self, early: Option<Early>) -> Signals {
        Signals {
            early: early.map(Arc::new),
            ..self
        }
    }

    /// Lets `core` have the signals, whose roles were checked, until the answer is dropped. The thread lives in `tree`, which
    /// is what a dump shows.
    pub(crate) fn install(&self, tree: &Scope, core: &Arc<Core>) -> Result<Installed, Error> {
        let after = self.after_run.unwrap_or_default();
        let inbox = |terminal| Arc::new(Inbox::new(core, self.roles.clone(), terminal, tree));
        let taken = match (&self.source, &self.early) {
            (Source::Os, Some(early)) => {
                early.hand_over(&self.roles, after, inbox(Some(early.terminal())));
                // What the build had no handlers for.
                let more = |(signal, _): &(Signal, _)| !early.holds(*signal);
                self.stand(early.route().clone(), tree, more)?
            }
            (Source::Os, None) => {
                let inbox = inbox(Some(Terminal::now()));
                self.stand(Route::to(Target::App(inbox)), tree, |_| true)?
            }
            (Source::None | Source::Sender(_), Some(early)) => {
                early.give_back(after, &core.control);
                Taken::Nothing
            }
            (Source::None | Source::Sender(_), None) => Taken::Nothing,
        };
        let taken = match &self.source {
            Source::Os => taken,
            Source::None => return Ok(Installed(Mutex::new(taken))),
            Source::Sender(sender) => {
                *sender.lock() = Some(inbox(None));
                Taken::Sender(sender.clone())
            }
        };
        let stop = self.stopping();
        core.emit(Event::SignalsReady { stop });
        Ok(Installed(Mutex::new(taken)))
    }

    fn stand(
        &self,
        route: Route,
        scope: &Scope,
        wanted: impl Fn(&(Signal, Role)) -> bool,
    ) -> Result<Taken, Error> {
        let mut wanted = self.roles.all().filter(wanted).peekable();
        let mut standing = None;
        if wanted.peek().is_some() {
            let read = route.clone();
            let handlers = Handlers::stand(wanted).map_err(Error::Signals)?;
            let read = handlers.read(scope, move |batch| read.take(batch));
            let mut read = read.map_err(Error::Signals)?;
            read.after_run(self.after_run.unwrap_or_default());
            standing = Some(read);
        }
        Ok(Taken::Os { standing, route })
    }
}

/// Sends signals to the app that was given its [`Signals`]; from [`Signals::manual`].
#[derive(Clone, Default)]
pub struct SignalSender(Arc<Mutex<Option<Arc<Inbox>>>>);

impl SignalSender {
    /// Sends one. Returns whether an app is running that takes it.
    pub fn send(&self, signal: impl Into<Signal>) -> bool {
        let Some(inbox) = self.lock().clone() else {
            return false;
        };
        let _ = inbox.take(signal.into(), Instant::now());
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Inbox>>> {
        kit_sync::lock(&self.0)
    }
}

impl std::fmt::Debug for SignalSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignalSender")
            .field("connected", &self.lock().is_some())
            .finish()
    }
}

/// The app has its signals; dropping this gives them back. In a mutex, because a receiver in it is
/// not `Sync`, and the future of a run, which borrows this, has to be `Send`.
#[derive(Debug)]
pub(crate) struct Installed(#[expect(dead_code, reason = "held for its drop")] Mutex<Taken>);

#[derive(Debug)]
enum Taken {
    Os {
        standing: Option<Standing>,
        route: Route,
    },
    Sender(SignalSender),
    Nothing,
}

impl Drop for Taken {
    fn drop(&mut self) {
        match self {
            Taken::Os { standing, route } => {
                // The default actions are back before nothing is done for a signal any more.
                *standing = None;
                *route.lock() = Target::Nothing;
            }
            Taken::Sender(sender) => *sender.lock() = None,
            Taken::Nothing => {}
        }
    }
}
