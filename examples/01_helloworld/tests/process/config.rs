//! Settings from files, and the pages about them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Exit, Process, Service};

/// The commented file of the repository.
const COMMENTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/helloworld.toml");

/// A folder with one file of settings.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("helloworld.toml");
    fs::write(&path, text).expect("it is written");
    (folder, path)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

async fn ended(args: &[&str], environment: &[(&str, &str)], code: i32) -> Exit {
    let exit = Process::spawn_with(args, environment).exit().await;
    exit.expect(code)
}

#[tokio::test]
async fn a_flag_counts_more_than_a_variable_and_this_one_more_than_the_file() {
    let (_folder, path) =
        file("http = \"127.0.0.1:0\"\nname = \"a\"\nid = \"a\"\nlog = \"json\"\n");
    let args = ["--config", text(&path), "--id", "c", "--check-config"];
    let variables = [("KIT_NAME", "b"), ("KIT_ID", "b")];
    let page = ended(&args, &variables, 0).await.out;
    for line in [
        &format!("http = \"127.0.0.1:0\" # {}:1:8", text(&path)),
        &format!("log = \"json\" # {}:4:7", text(&path)),
        "name = \"b\" # variable KIT_NAME",
        "id = \"c\" # flag --id",
        "grpc = \"127.0.0.1:9000\" # default",
    ] {
        assert!(page.contains(line), "no {line} in:\n{page}");
    }
}

#[tokio::test]
async fn a_variable_with_the_full_key_sets_any_setting_and_counts_less_than_that_of_a_flag() {
    let variables = [
        ("KIT__NAME", "a"),
        ("KIT_ID", "short"),
        ("KIT__ID", "full"),
        ("KIT__TELEMETRY__LOG__FILTER", "debug"),
    ];
    let page = ended(&["--check-config"], &variables, 0).await.out;
    for line in [
        "name = \"a\" # variable KIT__NAME",
        "id = \"short\" # variable KIT_ID",
        "filter = \"debug\" # variable KIT__TELEMETRY__LOG__FILTER",
    ] {
        assert!(page.contains(line), "no {line} in:\n{page}");
    }
    let refused = ended(&["--check-config"], &[("KIT__NMAE", "a")], 2).await;
    let text = refused.text();
    assert!(text.contains("variable KIT__NMAE: nmae"), "{text}");
}

#[tokio::test]
async fn a_service_runs_from_its_file_and_stops() {
    let (_folder, path) = file(
        "http = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\nname = \"greeter\"\nlog = \"json\"\n\
         stop_timeout = \"17s\"\ndrain_delay = \"10ms\"\n",
    );
    let service = Service::ready(Process::spawn(&["--config", text(&path)])).await;
    let exit = service.terminate().await.expect(0);
    let ready = exit.only("ready");
    assert!(ready.contains("\"service\":\"greeter\""), "{ready}");
}

#[tokio::test]
async fn a_typo_is_shown_with_its_line_and_the_nearest_setting() {
    let (_folder, path) =
        file("# Where it is.\nhttp = \":0\"\nstop_timeuot = \"3s\"\nlog = \"jsn\"\n");
    let exit = ended(&["--config", text(&path)], &[], 2).await;
    let expected = format!(
        "\
error: the configuration has 2 mistakes:

{path}:3:1: stop_timeuot: there is no such setting; did you mean `stop_timeout`?
  |
3 | stop_timeuot = \"3s\"
  | ^^^^^^^^^^^^

{path}:4:7: log: \"jsn\" is not one of `auto`, `pretty`, `json`, `logfmt`; did you mean `json`?
  |
4 | log = \"jsn\"
  |       ^^^^^",
        path = text(&path)
    );
    assert_eq!(exit.log.join("\n"), expected);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let exit = ended(&["--config", "/no/such/helloworld.toml"], &[], 2).await;
    let text = exit.text();
    assert!(text.contains("/no/such/helloworld.toml"), "{text}");
    assert!(text.contains("there is no directory /no"), "{text}");
}

#[tokio::test]
async fn the_commented_file_is_the_page_of_defaults_and_changes_nothing() {
    let page = ended(&["--print-default-config"], &[], 0).await.out;
    let commented = fs::read_to_string(COMMENTED).expect("the file");
    assert!(
        commented == page,
        "config/helloworld.toml is out of date: `helloworld --print-default-config` writes it"
    );
    let with = ended(&["--config", COMMENTED, "--check-config"], &[], 0).await;
    let without = ended(&["--check-config"], &[], 0).await;
    assert_eq!(with.out, without.out);
}

#[tokio::test]
async fn the_schema_names_every_setting() {
    let page = ended(&["--print-config-schema"], &[], 0).await.out;
    let schema: serde_json::Value = serde_json::from_str(&page).expect("JSON");
    let properties = schema["properties"].as_object().expect("a table");
    let checked = ended(&["--check-config"], &[], 0).await.out;
    let lines = checked.lines().take_while(|line| !line.starts_with('['));
    for line in lines.filter(|line| !line.starts_with('#')) {
        let key = line.split_once(" = ").map_or("", |(key, _)| key);
        assert!(key.is_empty() || properties.contains_key(key), "{key}");
    }
    for key in ["stop_timeout", "telemetry"] {
        assert!(properties.contains_key(key), "{page}");
    }
}

#[tokio::test]
async fn what_the_start_would_refuse_is_refused_by_the_check_with_its_line() {
    for (setting, key, says) in [
        (
            "stop_timeout = \"25h\"",
            "stop_timeout",
            "is 1d 1h: it has to be from 1ms to 1d",
        ),
        (
            "grpc = \"127.0.0.1:8000\"",
            "grpc",
            "is 127.0.0.1:8000, where `http` (127.0.0.1:8000) is",
        ),
        (
            "admin = \":9000\"",
            "admin",
            "where `grpc` (127.0.0.1:9000) is: it has to be another place",
        ),
        (
            "traces = \"http://localhost:99999\"",
            "traces",
            "it has to be a URL with a port from 1 to 65535",
        ),
        (
            "drain_delay = \"30s\"",
            "drain_delay",
            "is 30s: it has to be at most 20s, the `stop_timeout`",
        ),
        (
            "request_timeout = \"0s\"",
            "request_timeout",
            "is 0s: it has to be longer than 0s; leave it out for the limits of clients",
        ),
        (
            "drain_delay = \"100d\"",
            "drain_delay",
            "is 100d: it has to be at most 1d",
        ),
        (
            "registry = \"bogus://x\"",
            "registry",
            "is \"bogus://x\": it has to be a URL with a known scheme, not \"bogus\": known are ",
        ),
        ("id = \"a/b\"", "id", "it has to be without '/'"),
        (
            "admin = { address = \"localhost:0\", keep_alive = \"1ms\" }",
            "admin.keep_alive",
            "is 1ms: it has to be from 1s to 9h 6m 7s",
        ),
        (
            "http = { address = \"localhost:0\", keep_alive = \"0s\" }",
            "http.keep_alive",
            "is 0s: it has to be from 1s to 9h 6m 7s",
        ),
    ] {
        let (_folder, path) = file(&format!("log = \"json\"\n{setting}\n"));
        let checked = ended(&["--config", text(&path), "--check-config"], &[], 2).await;
        let started = ended(&["--config", text(&path)], &[], 2).await;
        assert_eq!(checked.log, started.log);
        let said = checked.text();
        let line = format!("{}:2:", text(&path));
        for part in [&line, key, says] {
            assert!(said.contains(part), "no {part}: {said}");
        }
    }
}
