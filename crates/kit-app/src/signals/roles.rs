//! Which signal does what.

use std::fmt;

use kit_units::WrongOption;

use super::signal::Signal;

/// What the system's default action does again once the last app that took a signal has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterRun {
    /// The system's default action, which for SIGTERM and SIGINT is the end of the process. A
    /// signal that was caught or ignored before the first app took it has no default action.
    #[default]
    DefaultAction,
    /// Nothing of Kit's: for a program that installs its own handler after an app has begun.
    /// A signal without any handler then has no effect.
    Nothing,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// A stop. Never more than that, however often it comes.
    Stop,
    /// A stop; the second one of a stop forces.
    Interrupt,
    /// A stop; forces one that has begun.
    Force,
    /// The configuration is to be read again, or the terminal is gone.
    Reload,
    /// The task tree.
    Dump,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Stop => "stop",
            Role::Interrupt => "interrupt",
            Role::Force => "force",
            Role::Reload => "reload",
            Role::Dump => "dump",
        })
    }
}

/// The signals that are taken, each with its role.
#[derive(Clone, Debug)]
pub(crate) struct Roles(Vec<(Signal, Role)>);

impl Default for Roles {
    fn default() -> Roles {
        Roles(vec![
            (Signal::TERM, Role::Stop),
            (Signal::INT, Role::Interrupt),
            (Signal::QUIT, Role::Force),
            (Signal::HUP, Role::Reload),
            #[cfg(unix)]
            (Signal::USR1, Role::Dump),
        ])
    }
}

impl Roles {
    /// Replaces the signals of one role.
    pub(super) fn set<S: Into<Signal>>(
        &mut self,
        role: Role,
        signals: impl IntoIterator<Item = S>,
    ) {
        self.0.retain(|(_, other)| *other != role);
        for signal in signals {
            let entry = (signal.into(), role);
            if !self.0.contains(&entry) {
                self.0.push(entry);
            }
        }
        self.0.sort_by_key(|(_, role)| *role);
    }

    pub(super) fn of(&self, signal: Signal) -> Option<Role> {
        let entry = self.0.iter().find(|(other, _)| *other == signal);
        entry.map(|(_, role)| *role)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (Signal, Role)> + '_ {
        self.0.iter().copied()
    }

    /// Those that ask for a stop.
    pub(super) fn stopping(&self) -> Vec<Signal> {
        let stops = |role| matches!(role, Role::Stop | Role::Interrupt | Role::Force);
        let stopping = self.all().filter(|(_, role)| stops(*role));
        stopping.map(|(signal, _)| signal).collect()
    }

    /// Every mistake, with the signal and the role at fault: a signal that no handler can be given, and one that
    /// has two roles.
    pub(super) fn check(&self) -> Vec<(Signal, Role, WrongOption)> {
        let mut wrong = Vec::new();
        for (index, (signal, role)) in self.all().enumerate() {
            let mut refuse = |value: String, expected: &str| {
                let option = WrongOption::new("signals", value, expected);
                wrong.push((signal, role, option));
            };
            let value = format!("{signal} as {role}");
            if signal.name().is_none() {
                refuse(value, "a signal that this system has, by its number");
            } else if UNCATCHABLE.contains(&signal.number()) {
                refuse(value, "a signal that can be caught");
            } else if FAULTS.contains(&signal.number()) {
                let expected = "a signal that does not come from a fault of the program";
                refuse(value, expected);
            }
            // Of two entries the later one: a pair is one error.
            let mut earlier = self.0[..index].iter();
            if let Some((_, first)) = earlier.find(|(other, _)| *other == signal) {
                let value = format!("{signal} as {first} and as {role}");
                refuse(value, "one role for each signal");
            }
        }
        wrong
    }
}

#[cfg(unix)]
use signal_hook::consts as c;

#[cfg(unix)]
const UNCATCHABLE: [i32; 2] = [c::SIGKILL, c::SIGSTOP];
#[cfg(unix)]
const FAULTS: [i32; 7] = [
    c::SIGSEGV,
    c::SIGBUS,
    c::SIGILL,
    c::SIGFPE,
    c::SIGABRT,
    c::SIGTRAP,
    c::SIGSYS,
];
#[cfg(not(unix))]
const UNCATCHABLE: [i32; 0] = [];
#[cfg(not(unix))]
const FAULTS: [i32; 0] = [];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(role: Role, signals: &[i32]) -> Vec<String> {
        let mut roles = Roles::default();
        roles.set(role, signals.iter().copied());
        let wrong = roles.check().into_iter();
        wrong
            .map(|(_, _, wrong)| format!("option {wrong}"))
            .collect()
    }

    #[test]
    fn all_that_cannot_be_roles_are_named() {
        let lines = refused(Role::Force, &[9, 11, 1000, 15]);
        let starts = [
            "SIGKILL as force:",
            "SIGSEGV as force:",
            "signal 1000 as force:",
            "SIGTERM as stop and as force:",
        ];
        assert_eq!(lines.len(), starts.len(), "{lines:#?}");
        for (line, start) in lines.iter().zip(starts) {
            assert!(line.contains(start), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_a_role_is_named() {
        for (role, signal, says) in [
            (
                Role::Stop,
                9,
                "SIGKILL as stop: it has to be a signal that can be caught",
            ),
            (
                Role::Dump,
                11,
                "SIGSEGV as dump: it has to be a signal that does not come",
            ),
            (
                Role::Force,
                1000,
                "signal 1000 as force: it has to be a signal that this system has",
            ),
            (
                Role::Stop,
                0,
                "signal 0 as stop: it has to be a signal that this system has",
            ),
            (
                Role::Reload,
                -1,
                "signal -1 as reload: it has to be a signal that this system has",
            ),
            (
                Role::Force,
                15,
                "SIGTERM as stop and as force: it has to be one role for each signal",
            ),
        ] {
            let errors = refused(role, &[signal]);
            let says = format!("option `signals` is {says}");
            assert!(
                errors.len() == 1 && errors[0].starts_with(&says),
                "{errors:?}"
            );
        }
    }

    #[test]
    fn a_role_is_replaced_as_a_whole_and_a_signal_twice_is_one() {
        let mut roles = Roles::default();
        roles.set(Role::Stop, [0_i32; 0]);
        roles.set(Role::Interrupt, [2, 15, 2]);
        assert!(roles.check().is_empty());
        assert_eq!(roles.of(Signal::TERM), Some(Role::Interrupt));
        assert_eq!(roles.stopping(), [Signal::INT, Signal::TERM, Signal::QUIT]);
    }
}
