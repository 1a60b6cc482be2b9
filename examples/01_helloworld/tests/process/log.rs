//! A log that cannot be written, or that has no reader, is no reason to go on or to end
//! differently.

use std::fs::OpenOptions;
use std::process::Stdio;
use std::time::Duration;

use kit_test_support::{dead_address, full_pipe};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use crate::support::{Greeter, PATIENCE, channel, soon};

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
    soon("the service listens", listens).await;
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_full_pipe_without_a_reader_holds_up_neither_start_nor_requests_nor_stop() {
    for form in ["pretty", "json"] {
        let (_reader, writer) = full_pipe();
        let (address, calls) = (dead_address(), dead_address());
        let mut child = Command::new(env!("CARGO_BIN_EXE_helloworld"))
            .args(["--http", &address, "--grpc", &calls, "--log", form])
            // More than the queue of the log holds.
            .args(["--set", "telemetry.log.queue=64KiB"])
            .args(["--set", "telemetry.log.max_line=1KiB"])
            .stderr(Stdio::from(writer))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let accepts = async |address: &str| TcpStream::connect(address).await.ok();
        soon("it listens for calls", async || accepts(&calls).await).await;
        let mut stream = soon("it listens", async || accepts(&address).await).await;
        let request = b"GET /helloworld/kit HTTP/1.1\r\nhost: kit\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        drop(stream);
        let greeter = Greeter::new(channel(calls.parse().unwrap()).await);
        for _ in 0..500 {
            assert_eq!(greeter.hello("kit").await.unwrap(), "Hello kit");
        }
        drop(greeter);
        let begun = Instant::now();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        let ended = timeout(PATIENCE, child.wait()).await.expect("it ends");
        assert_eq!(ended.unwrap().code(), Some(0), "{form}");
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
    }
}
