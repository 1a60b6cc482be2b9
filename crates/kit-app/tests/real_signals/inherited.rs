//! A process that was started with signals blocked or ignored.

use kit_app::App;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use crate::program::{Program, say};

#[test]
fn a_signal_that_was_blocked_at_the_start_stops_it() {
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGQUIT, "QUIT"),
    ] {
        // The child inherits the mask of the thread that starts it.
        let all = SigSet::all()
            .thread_swap_mask(SigmaskHow::SIG_SETMASK)
            .unwrap();
        let mut program = Program::start("serve");
        all.thread_set_mask().unwrap();
        program.wait_for("ready");
        assert!(program.has_in("SigBlk", signal as i32), "not blocked");
        program.signal(name);
        program.wait_for(&format!("stopping: SIG{name}"));
        program.main_gave(0);
    }
}

#[test]
fn a_hang_up_that_was_ignored_at_the_start_stays_ignored_and_the_signals_that_stop_are_taken() {
    let ignoring = ["sh", "-c", r#"trap "" HUP INT QUIT TERM; exec "$0" "$@""#];
    for name in ["TERM", "INT", "QUIT"] {
        let mut program = Program::start_by(&ignoring, "serve");
        program.wait_for("ready");
        assert!(program.has_in("SigIgn", 1), "a hang-up is not ignored");
        program.signal("HUP");
        program.signal(name);
        program.wait_for(&format!("stopping: SIG{name}"));
        let rest = program.rest();
        assert!(!rest.iter().any(|line| line.contains("SIGHUP")), "{rest:?}");
        assert!(rest.iter().any(|line| line.contains("unix_exit_status(0)")));
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_has_no_default_action_after_the_last_run() {
    let ignoring = ["sh", "-c", r#"trap "" INT; exec "$0" "$@""#];
    let mut program = Program::start_by(&ignoring, "two_runs");
    for _ in 0..2 {
        program.wait_for("ready");
        program.signal("TERM");
        program.wait_for("stopped by SIGTERM");
    }
    program.wait_for("between runs");
    // It would be the first to act, were it to act.
    program.signal("INT");
    program.signal("TERM");
    assert_eq!(program.killed_by(), 15);
}

#[test]
fn nohup_means_no_hang_up() {
    let mut program = Program::start_by(&["nohup"], "serve");
    program.wait_for("ready");
    program.signal("HUP");
    program.signal("TERM");
    program.wait_for("stopping: SIGTERM");
    program.main_gave(0);
}

pub(crate) fn serve() {
    println!("ended: {:?}", App::builder("app").apply(say).build().main());
}
