//! Which signal does what, as data.

use kit_units::WrongOption;

use super::roles::{Role, Roles};
use super::signal::Signal;

/// Which signal does what, as data: a file can hold it (feature `serde`), with signals by their names or
/// numbers; [`Signals::options`](crate::Signals::options) applies it. Each signal has one role at most.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignalOptions {
    /// The signals that ask for a stop and never force it. Default: `SIGTERM`.
    pub stop: Vec<Signal>,
    /// The signals that ask for a stop, and of which a stop's second one forces. Default: `SIGINT`.
    pub interrupt: Vec<Signal>,
    /// The signals that force a stop, and ask for one when there is none. Default: `SIGQUIT`.
    pub force: Vec<Signal>,
    /// The signals that ask for a reload. Default: `SIGHUP`.
    pub reload: Vec<Signal>,
    /// The signals that print the states of the components and the task tree. Default: `SIGUSR1`.
    pub dump: Vec<Signal>,
}

impl SignalOptions {
    /// Everything that is wrong: signals that no handler can be given, and signals with two roles. An app with any
    /// of it does not start.
    ///
    /// ```
    /// use kit_app::{Signal, SignalOptions};
    ///
    /// let options = SignalOptions { stop: vec![Signal::TERM, Signal::from(9)], ..SignalOptions::default() };
    /// assert_eq!(options.check()[0].key(), "stop[1]");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let mut roles = Roles::default();
        for (role, signals) in self.roles() {
            roles.set(role, signals.iter().copied());
        }
        let wrong = roles.check().into_iter().map(|(signal, role, wrong)| {
            let lists = self.roles();
            let list = lists.iter().find(|(other, _)| *other == role);
            let place = list.and_then(|(_, list)| list.iter().position(|other| *other == signal));
            wrong.named(format!("{role}[{}]", place.unwrap_or_default()))
        });
        wrong.collect()
    }

    /// The signals of each role.
    pub(super) fn roles(&self) -> [(Role, &[Signal]); 5] {
        let SignalOptions {
            stop,
            interrupt,
            force,
            reload,
            dump,
        } = self;
        [
            (Role::Stop, stop),
            (Role::Interrupt, interrupt),
            (Role::Force, force),
            (Role::Reload, reload),
            (Role::Dump, dump),
        ]
    }
}

impl Default for SignalOptions {
    fn default() -> SignalOptions {
        let roles = Roles::default();
        let of = |role| {
            let all = roles.all().filter(|(_, other)| *other == role);
            all.map(|(signal, _)| signal).collect()
        };
        SignalOptions {
            stop: of(Role::Stop),
            interrupt: of(Role::Interrupt),
            force: of(Role::Force),
            reload: of(Role::Reload),
            dump: of(Role::Dump),
        }
    }
}
