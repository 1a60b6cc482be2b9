//! The service as a process, whose file changes.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;

use kit_test_support::{Process, Signal, ask};
use tempfile::TempDir;

/// The service and its file.
struct Shop {
    process: Process,
    folder: TempDir,
    http: String,
}

impl Shop {
    async fn start(text: &str) -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_in(&folder);
        fs::write(&file, format!("http = \"127.0.0.1:0\"\n{text}")).expect("a file");
        let file = file.to_str().expect("UTF-8");
        let mut process = Process::spawn(env!("CARGO_BIN_EXE_reload"), &["--config", file]);
        process.line(" ready").await;
        let http = process.field("http").await;
        Shop {
            process,
            folder,
            http,
        }
    }

    /// Replaces the file, of which a reader never sees a part.
    fn write(&self, text: &str) {
        let beside = self.folder.path().join("beside");
        fs::write(&beside, text).expect("a file");
        fs::rename(&beside, file_in(&self.folder)).expect("it is replaced");
    }

    async fn prices(&self) -> String {
        let answer = ask(&self.http, "GET /prices", "").await;
        let (head, prices) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
        prices.to_owned()
    }
}

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("shop.toml")
}

#[tokio::test]
async fn a_changed_file_is_loaded_and_a_wrong_one_is_refused_with_its_line() {
    let mut shop = Shop::start("discount = 10\n[prices]\ntea = 300\n").await;
    assert_eq!(shop.prices().await, "tea 270\n");

    let text = "http = \"127.0.0.1:0\"\ndiscount = 20\n[prices]\ncoffee = 400\ntea = 300\n";
    shop.write(text);
    let changed = shop.process.line("the settings have changed").await;
    assert!(changed.contains("discount: 10 -> 20"), "{changed}");
    shop.process.line("new price list").await;
    assert_eq!(shop.prices().await, "coffee 320\ntea 240\n");

    shop.write(
        &text
            .replace("20", "120")
            .replace("tea = 300", "tea = \"3 Euro\""),
    );
    shop.process.line("shop.toml:2:12: discount: 120").await;
    shop.process
        .line("shop.toml:5:7: prices.tea: \"3 Euro\"")
        .await;
    assert_eq!(shop.prices().await, "coffee 320\ntea 240\n");

    // The subscriber knows what no schema can say.
    shop.write(&text.replace("300", "3").replace("20", "90"));
    shop.process.line("a discount of 90 makes tea free").await;
    assert_eq!(shop.prices().await, "coffee 320\ntea 240\n");

    shop.write(&text.replace("20", "50"));
    shop.process.line("discount: 20 -> 50").await;
    shop.process.line("new price list").await;
    assert_eq!(shop.prices().await, "coffee 200\ntea 150\n");
    shop.process.terminate().await;
}

#[tokio::test]
async fn a_sighup_loads_them_and_a_fixed_setting_needs_a_restart() {
    let mut shop = Shop::start("[prices]\ntea = 300\n").await;
    shop.process.signal(Signal::HUP);
    shop.process.line("cause=SIGHUP").await;
    shop.process.line("reloaded").await;

    shop.write("http = \"127.0.0.1:1\"\n[prices]\ntea = 250\n");
    shop.process.signal(Signal::HUP);
    let restart = shop.process.line("needs a restart").await;
    assert!(restart.contains("http"), "{restart}");
    shop.process.line("new price list").await;
    assert_eq!(shop.prices().await, "tea 250\n");
    shop.process.terminate().await;
}

#[tokio::test]
async fn it_does_not_start_with_a_wrong_file() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(file_in(&folder), "discuont = 10\n").expect("a file");
    let file = file_in(&folder);
    let file = file.to_str().expect("UTF-8");
    let process = Process::spawn(env!("CARGO_BIN_EXE_reload"), &["--config", file]);
    let ended = process.exit_with(2).await;
    let mistake = "shop.toml:1:1: discuont: there is no such setting; did you mean `discount`?";
    ended.expect_order(&[mistake]);
}

#[tokio::test]
async fn the_file_beside_the_example_is_right() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/shop.toml");
    let arguments = ["--config", file, "--check-config"];
    let process = Process::spawn(env!("CARGO_BIN_EXE_reload"), &arguments);
    let ended = process.exit_with(0).await;
    ended.expect_order(&["discount = 10", "tea = 300"]);
}
