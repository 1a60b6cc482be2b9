//! SIGHUP, with a terminal and without.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use kit_app::App;
use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};

use crate::program::{Program, not_run, say};

#[test]
fn without_a_terminal_a_hang_up_is_a_line_and_nothing_more() {
    let Some(setsid) = setsid("without_a_terminal_a_hang_up_is_a_line_and_nothing_more") else {
        return;
    };
    let mut program = Program::start_by(&[setsid], "serve");
    program.wait_for("ready");
    for _ in 0..3 {
        program.signal("HUP");
        program.wait_for("nothing to reload: SIGHUP");
    }
    program.signal("TERM");
    program.wait_for("stopping: SIGTERM");
    program.main_gave(0);
}

#[test]
fn the_loss_of_its_terminal_is_a_clean_stop() {
    let Some(setsid) = setsid("the_loss_of_its_terminal_is_a_clean_stop") else {
        return;
    };
    let (master, terminal) = terminal();
    let mut program = Program::start_with(&[setsid, "-c"], "serve", |command| {
        command.stdin(terminal);
    });
    program.wait_for("ready");
    // As long as the terminal is there, it is one line.
    program.signal("HUP");
    program.wait_for("nothing to reload: SIGHUP");
    drop(master);
    program.wait_for("stopping: SIGHUP");
    program.main_gave(0);
}

#[test]
fn the_end_of_the_sessions_leader_is_a_clean_stop() {
    let Some(setsid) = setsid("the_end_of_the_sessions_leader_is_a_clean_stop") else {
        return;
    };
    let (master, terminal) = terminal();
    let leader = [setsid, "-c", "sh", "-c", r#""$0" "$@" & read line"#];
    let mut program = Program::start_with(&leader, "serve", |command| {
        command.stdin(terminal);
    });
    program.wait_for("ready");
    let mut master = File::from(OwnedFd::from(master));
    master.write_all(b"go\n").unwrap();
    program.wait_for("stopping: SIGHUP");
    program.wait_for("stopped: 0");
}

#[test]
fn a_hang_up_in_the_middle_of_a_drain_does_not_end_it() {
    let mut program = Program::start("drain");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("draining");
    program.signal("HUP");
    program.wait_for("stopped: 0");
    program.main_gave(0);
}

pub(crate) fn drain() {
    let app = App::builder("app")
        .apply(say)
        .before_stop("drain", |_| async {
            println!("draining");
            // It goes on for long enough to be hit.
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok(())
        });
    println!("ended: {:?}", app.build().main());
}

/// Both ends of a new terminal; the first one is not inherited.
pub(crate) fn terminal() -> (PtyMaster, Stdio) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOCTTY.bits())
        .open(ptsname_r(&master).unwrap())
        .unwrap();
    (master, terminal.into())
}

pub(crate) fn setsid(test: &str) -> Option<&'static str> {
    match Command::new("setsid").arg("true").status() {
        Ok(status) if status.success() => Some("setsid"),
        tried => {
            not_run(test, &format!("setsid: {tried:?}"));
            None
        }
    }
}
