//! Separate networks, for tests of a process that looks for its interfaces.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A network namespace of Linux, in which a program finds only the interfaces that a script has set up.
///
/// It needs `unshare` and `ip`, and the right to make a namespace: root's, or that to make a namespace
/// for users.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    unshare: &'static [&'static str],
}

impl Network {
    /// The way to make a namespace on this machine. A test that gets `None` has not run and returns:
    /// its name was printed, past the capture of the test's output.
    ///
    /// # Panics
    /// Where there is no way and the variable `CI` is `true`.
    #[must_use]
    pub fn for_test(name: &str) -> Option<Network> {
        static WAY: OnceLock<Option<Network>> = OnceLock::new();
        let way = *WAY.get_or_init(|| {
            let ways: [&[&str]; 2] = [&["--net"], &["--map-root-user", "--net"]];
            let networks = ways.into_iter().map(|unshare| Network { unshare });
            networks.into_iter().find(Network::can_be_made)
        });
        if way.is_none() {
            let why = "no network namespace can be made here (`unshare --net ip link set lo up`)";
            assert!(
                !std::env::var("CI").is_ok_and(|ci| matches!(ci.as_str(), "true" | "1")),
                "{name} cannot run: {why}"
            );
            let _ = writeln!(std::io::stderr(), "NOT RUN: {name}: {why}");
        }
        way
    }

    fn can_be_made(&self) -> bool {
        let mut command = self.command("ip link set lo up", "true");
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// A command that runs `program` in a new namespace, after `setup`, a script for the shell, has
    /// succeeded in it. The process is the program itself: a signal reaches it.
    #[must_use]
    pub fn command(&self, setup: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(self.unshare)
            .args(["sh", "-c"])
            .arg(format!("set -e\n{setup}\nexec \"$0\" \"$@\""))
            .arg(program);
        command
    }
}
