//! The service as a process: what its clients and its file see, from the first start to the last stop.
#![cfg(unix)]

use std::path::Path;

use kit_test_support::{Process, Signal, ask};

/// The service on a free port.
struct Notes {
    process: Process,
    address: String,
}

impl Notes {
    fn spawn(file: &Path) -> Process {
        let file = file.to_str().expect("a path of text");
        Process::spawn(env!("CARGO_BIN_EXE_notes"), &[file, "127.0.0.1:0"])
    }

    async fn start(file: &Path) -> Notes {
        let mut process = Notes::spawn(file);
        process.line("ready").await;
        let address = process.field("http").await;
        Notes { process, address }
    }

    async fn post(&self, text: &str) -> String {
        ask(&self.address, "POST /notes", text).await
    }

    async fn list(&self) -> String {
        ask(&self.address, "GET /notes", "").await
    }
}

#[tokio::test]
async fn the_pool_is_opened_before_the_server_and_closed_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.db");
    let journal = folder.path().join("notes.db-wal");

    let notes = Notes::start(&file).await;
    let written = notes.post("buy milk").await;
    assert!(
        written.starts_with("HTTP/1.1 200 OK") && written.ends_with("\r\n\r\n1"),
        "{written}"
    );
    let refused = notes.post("").await;
    assert!(
        refused.starts_with("HTTP/1.1 400") && refused.contains("NOTE_EMPTY"),
        "{refused}"
    );
    assert!(journal.exists(), "SQLite writes into its journal first");
    notes.process.terminate().await.expect_order(&[
        "CREATE TABLE",
        "ALTER TABLE",
        "open resource",
        "listening",
        "ready",
        "stopping",
        "stopped component",
        "closed resource",
        "stopped took",
    ]);
    // The last connection was closed: the journal is back in the file.
    assert!(!journal.exists());

    let notes = Notes::start(&file).await;
    let listed = notes.list().await;
    assert!(listed.ends_with("\r\n\r\n[\"buy milk\"]"), "{listed}");
    // Killed, nothing is closed; the next start finds what was written all the same.
    notes.post("call Ann").await;
    notes.process.signal(Signal::KILL);
    let exit = notes.process.exit().await;
    assert_eq!((exit.code, exit.count("migrated")), (None, 0));
    assert!(journal.exists());

    let notes = Notes::start(&file).await;
    let listed = notes.list().await;
    assert!(listed.ends_with("[\"buy milk\",\"call Ann\"]"), "{listed}");
    notes.process.signal(Signal::INT);
    notes.process.exit_with(0).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_fails_the_start_before_anything_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.db");
    std::fs::write(&file, "this is a text, and a rather long one: ".repeat(100)).expect("a file");
    let exit = Notes::spawn(&file).exit_with(1).await;
    let why = "resource db could not be opened: error returned from database: (code: 26) file is not \
               a database";
    exit.expect_order(&[why]);
    assert_eq!(exit.count("listening"), 0, "{}", exit.text());
}
