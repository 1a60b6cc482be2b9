//! Processes that share a directory, and their ends.

use std::env;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use kit_registry::RegistrationState;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, Folder, LIMIT, service, shows, until_state};

const URL: &str = "KIT_LOCAL_URL";
/// Asks the process for an instance of 100 kB.
const GROWS: &str = "KIT_LOCAL_GROWS";

/// The process of [`spawn_owner`].
#[test]
#[ignore = "a process of other tests"]
fn owner() {
    let url = env::var(URL).expect("the URL of a registry");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let bench = Bench::open(&url);
        let registration = bench.registered("of a process").await;
        println!("\nregistered");
        if env::var(GROWS).is_ok() {
            let metadata = registration.set_metadata("k", "x".repeat(100_000));
            metadata.expect("metadata below the limit");
            let state = until_state(&registration, |state| state.why().is_some()).await;
            println!("{state}");
        }
        let end = bench.tree.scope().spawn_blocking("end", |_stop| {
            std::io::stdin()
                .read_to_end(&mut Vec::new())
                .map(drop)
                .map_err(Into::into)
        });
        end.await.expect("standard input ends");
        registration.deregister().await.expect("deregistered");
    });
}

/// Another process that shows the instance until its standard input ends.
async fn spawn_owner(url: &str) -> (Child, Output) {
    let program = env::current_exe().expect("this program");
    spawn(Command::new(program).env(URL, url)).await
}

type Output = Lines<BufReader<ChildStdout>>;

async fn spawn(command: &mut Command) -> (Child, Output) {
    let mut child = command
        .args(["--exact", "owners::owner", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a process");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let registered = async {
        while let Some(line) = lines.next_line().await.expect("lines") {
            if line == "registered" {
                return;
            }
        }
        panic!("the process ended");
    };
    timeout(LIMIT, registered)
        .await
        .expect("registered in time");
    (child, lines)
}

/// A limit on the size of files is met as a full disk is: amid the write.
#[tokio::test]
async fn a_write_that_fails_halfway_leaves_the_value_before_it() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    let program = env::current_exe().expect("this program");
    // The signal is ignored, so the write fails.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited]).arg(program);
    command.env(URL, &url).env(GROWS, "");
    let (mut child, mut lines) = spawn(&mut command).await;
    let line = timeout(LIMIT, lines.next_line()).await.expect("in time");
    let line = line.expect("lines").expect("a state");
    let expected = "shown as before the change of metadata 'k': cannot register hello/1: local at ";
    assert!(
        line.starts_with(expected) && line.contains("refused"),
        "{line}"
    );
    let bench = Bench::open(&url);
    assert_eq!(bench.listed().await, ["of a process"]);
    let names = std::fs::read_dir(folder.path()).expect("the directory");
    let names = names.map(|file| file.expect("a file").file_name().into_string());
    let mut names: Vec<_> = names.map(|name| name.expect("UTF-8")).collect();
    names.retain(|name| name != ".lock");
    assert_eq!(names, ["hello@1.json"], "files that are left");
    child.kill().await.expect("killed");
    bench.close().await;
}

#[tokio::test]
async fn two_processes_find_each_other_with_nothing_installed() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    let bench = Bench::open(&url);
    let mut watch = bench.watch().await;
    shows(&mut watch, &[]).await;
    let (mut child, _output) = spawn_owner(&url).await;
    shows(&mut watch, &["of a process"]).await;
    drop(child.stdin.take());
    shows(&mut watch, &[]).await;
    timeout(LIMIT, child.wait())
        .await
        .expect("in time")
        .expect("its end");
    bench.close().await;
}

#[tokio::test]
async fn an_owner_that_is_killed_is_gone_after_its_time_and_its_file_later() {
    let folder = Folder::new();
    let url = folder.url("ttl=1s");
    let bench = Bench::open(&url);
    let mut watch = bench.watch().await;
    let (mut child, _output) = spawn_owner(&url).await;
    shows(&mut watch, &["of a process"]).await;
    child.kill().await.expect("killed");
    let killed = Instant::now();
    shows(&mut watch, &[]).await;
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(bench.listed().await.is_empty());
    let gone = async {
        while folder.file().exists() {
            bench.listed().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LIMIT, gone).await.expect("its file is removed");
    bench.close().await;
}

#[tokio::test]
async fn the_newest_owner_is_shown_and_the_older_one_is_back_when_that_is_killed() {
    let folder = Folder::new();
    let url = folder.url("ttl=1s");
    let bench = Bench::open(&url);
    let mut watch = bench.watch().await;
    let registration = bench.registered("here").await;
    shows(&mut watch, &["here"]).await;
    let (mut child, _output) = spawn_owner(&url).await;
    shows(&mut watch, &["of a process"]).await;
    let state = until_state(&registration, |state| state.why().is_some()).await;
    let by = format!(
        "hello/1 is no longer shown: taken over by process {}",
        child.id().expect("an id")
    );
    assert!(state.to_string().contains(&by), "{state}");
    child.kill().await.expect("killed");
    shows(&mut watch, &["here"]).await;
    until_state(&registration, |state| {
        matches!(state, RegistrationState::Registered)
    })
    .await;
    registration.deregister().await.expect("deregistered");
    assert!(!folder.file().exists());
    bench.close().await;
}

/// The process of the next test: it opens files until there is no descriptor left, and lists with none, one, two and so on
/// that are free.
#[test]
#[ignore = "a process of other tests"]
fn starved() {
    let url = env::var(URL).expect("the URL of a registry");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let views: Vec<_> = (0..8).map(|_| Bench::open(&url)).collect();
        let open = || std::fs::File::open("/dev/null").ok();
        let mut taken: Vec<_> = std::iter::from_fn(open).collect();
        let mut lists = Vec::new();
        for view in &views {
            let list = view.backend.discovery.instances(&service()).await;
            lists.push(
                list.map(|list| list.instances.len())
                    .map_err(|e| e.chain().to_string()),
            );
            taken.pop();
        }
        println!("\nlists {lists:?}");
    });
}

/// An instance whose file cannot be opened has not left.
#[tokio::test]
async fn without_a_free_descriptor_a_list_is_an_error_and_not_shorter() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    let bench = Bench::open(&url);
    let _registration = bench.registered("1").await;
    let program = env::current_exe().expect("this program");
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(program);
    command.args(["--exact", "owners::starved", "--ignored", "--nocapture"]);
    let output = timeout(LIMIT, command.env(URL, &url).output()).await;
    let output = output.expect("in time").expect("a process");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let lists = output.lines().find(|line| line.starts_with("lists "));
    let lists = lists.unwrap_or_else(|| panic!("no lists: {output}"));
    assert!(!lists.contains("Ok(0)"), "{lists}");
    assert!(lists.contains("Err(") && lists.contains("Ok(1)"), "{lists}");
    bench.close().await;
}
