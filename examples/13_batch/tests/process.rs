//! The batch as a process: done, failed, stopped, and gone on with.
#![cfg(unix)]

use std::fs;
use std::io::ErrorKind;

use kit_test_support::{Process, Signal};
use tempfile::TempDir;

/// A folder with files of orders.
struct Orders(TempDir);

impl Orders {
    fn new(files: &[(&str, &str)]) -> Orders {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, text) in files {
            fs::write(folder.path().join(file), text).expect("a file");
        }
        Orders(folder)
    }

    fn path(&self, file: &str) -> String {
        let path = self.0.path().join(file);
        path.to_str().expect("UTF-8").to_owned()
    }

    fn start(&self, pace: &str, files: &[&str]) -> Process {
        let files: Vec<_> = files.iter().map(|file| self.path(file)).collect();
        let arguments: Vec<_> = [pace]
            .into_iter()
            .chain(files.iter().map(String::as_str))
            .collect();
        Process::spawn(env!("CARGO_BIN_EXE_batch"), &arguments)
    }

    /// What the next run goes on from.
    fn checkpoint(&self, file: &str) -> String {
        match fs::read_to_string(self.path(file) + ".sum") {
            Err(error) if error.kind() == ErrorKind::NotFound => "0 0\n".to_owned(),
            text => text.unwrap_or_else(|error| panic!("{file}: {error}")),
        }
    }
}

#[tokio::test]
async fn it_ends_with_0_when_the_last_job_has_ended() {
    let orders = Orders::new(&[
        ("short", "tea 300\n"),
        ("long", "tea 250\nmilk 120\ncoffee 400\n"),
    ]);
    let ended = orders.start("1ms", &["short", "long"]).exit_with(0).await;
    assert_eq!(ended.count("order=\"milk 120\""), 1, "{ended:#?}");
    assert_eq!(ended.count("orders=1 cents=300"), 1, "{ended:#?}");
    assert_eq!(ended.count("orders=3 cents=770"), 1, "{ended:#?}");

    // Nothing is added twice.
    let ended = orders.start("1ms", &["short", "long"]).exit_with(0).await;
    assert_eq!(ended.count("order="), 0, "{ended:#?}");
    assert_eq!(ended.count("orders=3 cents=770"), 1, "{ended:#?}");
}

#[tokio::test]
async fn a_line_that_is_no_order_stops_all_with_1() {
    let orders = Orders::new(&[
        ("wrong", "tea 300\ntea for two\n"),
        ("other", &"milk 120\n".repeat(100_000)),
    ]);
    let ended = orders.start("1ms", &["wrong", "other"]).exit_with(1).await;
    let why = format!("{}:2: `tea for two` is no order", orders.path("wrong"));
    ended.expect_order(&[
        &why,
        "stopping",
        &format!("{}: stopped after ", orders.path("other")),
    ]);
    assert_eq!(orders.checkpoint("wrong"), "1 300\n");
    let added = ended.count("order=\"milk 120\"");
    assert_eq!(
        orders.checkpoint("other"),
        format!("{added} {}\n", added * 120)
    );
}

#[tokio::test]
async fn a_stopped_one_goes_on_where_it_was() {
    let orders = Orders::new(&[("day", "tea 300\nmilk 120\n")]);
    let mut batch = orders.start("1h", &["day"]);
    batch.line("order=\"tea 300\"").await;
    batch.signal(Signal::TERM);
    let ended = batch.exit_with(1).await;
    ended.expect_order(&[
        "stopping cause=SIGTERM",
        "day: stopped after 1 of 2 orders",
        "stopped took",
    ]);
    assert_eq!(orders.checkpoint("day"), "1 300\n");

    let ended = orders.start("1h", &["day"]).exit_with(0).await;
    assert_eq!(ended.count("order="), 1, "{ended:#?}");
    assert_eq!(orders.checkpoint("day"), "2 420\n");
}

#[tokio::test]
async fn wrong_arguments_are_explained() {
    for (arguments, why) in [
        (&["0s", "day"][..], "`0s` is no pace, such as 10ms"),
        (&["10ms"], "the pace is followed by at least one file"),
    ] {
        let batch = Process::spawn(env!("CARGO_BIN_EXE_batch"), arguments);
        batch.exit_with(2).await.expect_order(&[why]);
    }
}
