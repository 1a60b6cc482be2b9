//! Wrong arguments: exit code 2, and a message that names the flag or the variable.

use crate::support::Process;

#[tokio::test]
async fn a_value_that_is_of_no_use_exits_with_2_and_names_its_source() {
    for (flag, value) in [
        ("--admin", "localhost"),
        ("--http", "localhost"),
        ("--http", "greeter:8000"),
        ("--grpc", "http://127.0.0.1:9000"),
        ("--grpc", "127.0.0.1:70000"),
        ("--name", "a/b"),
        ("--id", "a/b"),
        ("--drain-delay", "soon"),
        ("--request-timeout", "0s"),
        ("--secret-file", "/no/such/file"),
        ("--stop-timeout", "0s"),
        ("--stop-timeout", "20"),
        ("--stop-timeout", "2d"),
        ("--stop-timeout", "1ns"),
        ("--drain-delay", "100d"),
        ("--registry", "bogus://x"),
        ("--registry", "etcd://127.0.0.1:0"),
        ("--log", "loud"),
    ] {
        refused(&[flag, value], &[], flag, value).await;
        let variable = flag.replace("--", "KIT_").replace('-', "_").to_uppercase();
        refused(&[], &[(&variable, value)], &variable, value).await;
    }
}

#[tokio::test]
async fn an_address_that_is_of_no_use_is_answered_with_what_would_be_right() {
    for (value, right) in [
        ("8000", "write `:8000` for every interface"),
        ("https://0.0.0.0:8000", "write `0.0.0.0:8000`"),
        ("localhost", "write such as `localhost:8000`"),
    ] {
        refused(&["--http", value], &[], "--http", right).await;
    }
}

#[tokio::test]
async fn a_flag_without_its_value_exits_with_2_and_is_named() {
    for flag in [
        "--http",
        "--grpc",
        "--registry",
        "--name",
        "--id",
        "--drain-delay",
        "--stop-timeout",
        "--log",
        "--traces",
    ] {
        refused(&[flag], &[], flag, "value is required").await;
    }
}

#[tokio::test]
async fn an_unknown_flag_exits_with_2_and_is_named() {
    refused(&["--colour", "red"], &[], "--colour", "unexpected").await;
}

async fn refused(args: &[&str], environment: &[(&str, &str)], source: &str, why: &str) {
    let exit = Process::spawn_with(args, environment).exit().await;
    let exit = exit.expect(2);
    let text = exit.text();
    assert!(exit.log[0].starts_with("error: "), "{text}");
    assert!(text.contains(source) && text.contains(why), "{text}");
}
