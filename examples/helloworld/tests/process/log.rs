//! A log that cannot be written is no reason to end differently.

use std::fs::OpenOptions;
use std::process::Stdio;

use kit_testing::dead_address;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::soon;

#[tokio::test]
async fn a_full_disk_behind_the_log_changes_nothing() {
    let address = dead_address();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_helloworld"))
        .args(["--http", &address, "--grpc", "127.0.0.1:0"])
        .stderr(Stdio::from(full))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let listens = async || TcpStream::connect(&address).await.ok();
    soon("somebody listens", listens).await;
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
