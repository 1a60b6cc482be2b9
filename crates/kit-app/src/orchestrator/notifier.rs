//! The address of a service manager, and how often it wants to hear of the app.

use std::time::Duration;

use super::socket::NotifySocket;
use kit_units::WrongOption;

/// The socket of a service manager, as systemd gives it to a service of `Type=notify` or
/// `Type=notify-reload`.
///
/// [`App::main`](crate::App::main) finds it in the environment. An app that is run inside another program is
/// given one with [`AppBuilder::notifier`](crate::AppBuilder::notifier), because the process and its state
/// are that program's.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, Notifier};
///
/// let notifier = Notifier::new("/run/orders/notify").watchdog(Duration::from_secs(10));
/// let app = App::builder("orders").notifier(notifier);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifier {
    pub(super) socket: String,
    pub(super) watchdog: Option<Duration>,
}

impl Notifier {
    /// A service manager that listens at this datagram socket: an absolute path, or, on Linux, an abstract
    /// name behind an `@`. An address that no socket can have is an error of [`App::run`](crate::App::run).
    #[must_use]
    pub fn new(socket: impl Into<String>) -> Notifier {
        Notifier {
            socket: socket.into(),
            watchdog: None,
        }
    }

    /// The interval within which the service manager wants to hear that the app is alive. A ping is sent
    /// twice as often, as long as the runtime makes progress. Default: none is sent; zero is none, too.
    #[must_use]
    pub fn watchdog(self, interval: impl Into<Option<Duration>>) -> Notifier {
        let watchdog = interval.into().filter(|interval| !interval.is_zero());
        Notifier { watchdog, ..self }
    }

    /// Refuses an address that no socket can have.
    pub(crate) fn refuse_address(&self) -> Option<WrongOption> {
        let expected = self.address().err()?;
        Some(WrongOption::new(
            "notifier",
            format!("{:?}", self.socket),
            expected,
        ))
    }

    /// # Errors
    /// The address that would be right.
    pub(super) fn address(&self) -> Result<NotifySocket, String> {
        NotifySocket::parse(&self.socket)
    }
}

/// Reads the variables that systemd sets for a service, for the process with this id. A fault of theirs comes
/// as a line: a service runs without its manager, too.
pub(crate) fn from_lookup(
    variable: impl Fn(&str) -> Option<String>,
    process: u32,
) -> (Option<Notifier>, Vec<String>) {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut wrong = Vec::new();
    let watchdog = watchdog(set, process).unwrap_or_else(|line| {
        wrong.push(line);
        None
    });
    let Some(socket) = set("NOTIFY_SOCKET") else {
        if watchdog.is_some() {
            wrong.push(
                "WATCHDOG_USEC is set and NOTIFY_SOCKET is not: no ping is sent; a unit needs \
                 `Type=notify` or `NotifyAccess=main`"
                    .to_owned(),
            );
        }
        return (None, wrong);
    };
    let notifier = Notifier { socket, watchdog };
    match notifier.address() {
        Ok(_) => (Some(notifier), wrong),
        Err(expected) => {
            let socket = notifier.socket;
            wrong.push(format!(
                "NOTIFY_SOCKET is `{socket}`: it has to be {expected}; the service manager gets no message"
            ));
            (None, wrong)
        }
    }
}

/// The watchdog's interval, if it is meant for this process.
///
/// # Errors
/// The line about a value that is wrong.
fn watchdog(
    set: impl Fn(&str) -> Option<String>,
    process: u32,
) -> Result<Option<Duration>, String> {
    let Some(interval) = set("WATCHDOG_USEC") else {
        return Ok(None);
    };
    let number = |name: &str, value: &str, what| {
        let number = value.parse::<u64>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| format!("{name} is `{value}`: it has to be {what}; no ping is sent"))
    };
    let interval = number(
        "WATCHDOG_USEC",
        &interval,
        "a number of microseconds above 0",
    )?;
    if let Some(meant) = set("WATCHDOG_PID")
        && number("WATCHDOG_PID", &meant, "the id of a process")? != u64::from(process)
    {
        return Ok(None);
    }
    Ok((interval != u64::MAX).then(|| Duration::from_micros(interval)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> (Option<Notifier>, Vec<String>) {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
        from_lookup(|name| find(name).map(|(_, value)| (*value).to_owned()), 7)
    }

    fn interval(variables: &[(&str, &str)]) -> Option<Duration> {
        let all: Vec<_> = [("NOTIFY_SOCKET", "/run/notify")]
            .iter()
            .chain(variables)
            .copied()
            .collect();
        let (notifier, wrong) = found(&all);
        assert_eq!(wrong, [""; 0]);
        notifier.unwrap().watchdog
    }

    #[test]
    fn without_a_socket_there_is_no_notifier_and_no_line() {
        assert_eq!(found(&[]), (None, Vec::new()));
        assert_eq!(found(&[("NOTIFY_SOCKET", "")]), (None, Vec::new()));
    }

    #[test]
    fn a_watchdog_is_for_the_process_that_it_names() {
        let usec = ("WATCHDOG_USEC", "20000000");
        assert_eq!(interval(&[]), None);
        assert_eq!(interval(&[usec]), Some(Duration::from_secs(20)));
        assert_eq!(
            interval(&[usec, ("WATCHDOG_PID", "7")]),
            Some(Duration::from_secs(20))
        );
        assert_eq!(interval(&[usec, ("WATCHDOG_PID", "8")]), None);
        assert_eq!(interval(&[("WATCHDOG_USEC", "18446744073709551615")]), None);
    }

    #[test]
    fn what_is_wrong_has_one_line_each_and_no_other_effect() {
        for (variables, line) in [
            (
                &[("NOTIFY_SOCKET", "vsock:2:1234")][..],
                "NOTIFY_SOCKET is `vsock:2:1234`: it has to be an absolute path",
            ),
            (
                &[("WATCHDOG_USEC", "5")],
                "WATCHDOG_USEC is set and NOTIFY_SOCKET is not",
            ),
            (
                &[("NOTIFY_SOCKET", "/n"), ("WATCHDOG_USEC", "5s")],
                "WATCHDOG_USEC is `5s`: it has to be a number of microseconds above 0; no ping is sent",
            ),
            (
                &[
                    ("NOTIFY_SOCKET", "/n"),
                    ("WATCHDOG_USEC", "5"),
                    ("WATCHDOG_PID", "me"),
                ],
                "WATCHDOG_PID is `me`: it has to be the id of a process; no ping is sent",
            ),
        ] {
            let (_, wrong) = found(variables);
            assert!(wrong.len() == 1 && wrong[0].starts_with(line), "{wrong:?}");
        }
    }
}
