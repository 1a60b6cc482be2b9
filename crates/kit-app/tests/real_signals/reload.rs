//! SIGHUP with hooks for it, and SIGUSR1, with a terminal, without one, and as the first process.

use std::process::Command;

use async_trait::async_trait;
use kit_app::{App, BoxError};
use kit_transport::{Context, Listening, Server};

use crate::hang_up::{setsid, terminal};
use crate::program::{Program, not_run, say};

/// Reloads twice, is dumped, and ends by SIGTERM.
fn reloads(program: &mut Program) {
    for _ in 0..2 {
        program.signal("HUP");
        program.wait_for("config read");
        program.wait_for("reloaded: 1 failed");
    }
    program.signal("USR1");
    program.wait_for("component: raw (servers): running, listening at udp://127.0.0.1:7");
    program.wait_for("dumped: ");
    program.signal("TERM");
    program.wait_for("stopping: SIGTERM");
    program.wait_for("stopped: 0");
    program.main_gave(0);
}

#[test]
fn a_hang_up_reloads_without_a_terminal_and_with_one_that_is_there() {
    let test = "a_hang_up_reloads_without_a_terminal_and_with_one_that_is_there";
    let Some(setsid) = setsid(test) else {
        return;
    };
    let mut program = Program::start_by(&[setsid], "reload");
    program.wait_for("ready");
    reloads(&mut program);

    let (master, stdin) = terminal();
    let mut program = Program::start_with(&[setsid, "-c"], "reload", |command| {
        command.stdin(stdin);
    });
    program.wait_for("ready");
    reloads(&mut program);
    drop(master);
}

#[test]
fn the_loss_of_the_terminal_is_a_stop_with_hooks_too() {
    let Some(setsid) = setsid("the_loss_of_the_terminal_is_a_stop_with_hooks_too") else {
        return;
    };
    let (master, stdin) = terminal();
    let mut program = Program::start_with(&[setsid, "-c"], "reload", |command| {
        command.stdin(stdin);
    });
    program.wait_for("ready");
    drop(master);
    program.wait_for("stopping: SIGHUP");
    program.main_gave(0);
}

#[test]
fn the_first_process_of_a_container_reloads() {
    let unshare = ["unshare", "--fork", "--pid", "--kill-child"];
    let tried = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .output();
    match tried {
        Ok(tried) if tried.status.success() => {}
        tried => {
            let why = format!("no namespace of processes: {tried:?}");
            not_run("the_first_process_of_a_container_reloads", &why);
            return;
        }
    }
    let mut program = Program::start_by(&unshare, "reload");
    let outside = program.wait_for("running as 1, outside ");
    program.pid = outside.parse().unwrap();
    program.wait_for("ready");
    reloads(&mut program);
}

/// It listens, as far as the app knows.
struct Raw;

#[async_trait]
impl Server for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    async fn start(&self, _ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        Ok(vec![Listening::tcp("udp", ([127, 0, 0, 1], 7).into())])
    }
}

pub(crate) fn reload() {
    // The number in the namespace whose `/proc` this is.
    let outside = std::fs::read_link("/proc/self").unwrap_or_default();
    println!(
        "running as {}, outside {}",
        std::process::id(),
        outside.display()
    );
    let app = App::builder("app")
        .apply(say)
        .server(Raw)
        .on_reload("config", async |_| {
            println!("config read");
            Ok(())
        })
        .on_reload("fails", async |_| Err("no such file".into()));
    println!("ended: {:?}", app.build().main());
}
