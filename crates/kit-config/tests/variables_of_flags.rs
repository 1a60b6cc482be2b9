//! Variables of flags, which clap reads from the process: each case is a process with its own.
#![cfg(feature = "clap")]

use std::process::{Command, ExitCode, Output};

use clap::Parser;
use kit_config::{ConfigArgs, KeyFlags, Rules, Secret, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    http: Http,
    token: Secret<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Http {
    /// The port.
    port: u16,
    max_body: u32,
}

impl Rules for Orders {}

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Set in a process that is the program of a case.
const PROGRAM: &str = "KIT_TEST_PROGRAM";

/// The program of the cases: its arguments stand in one variable.
fn program(arguments: &str) -> ExitCode {
    let settings = Settings::<Orders>::new().environment("ORDERS");
    let given = ["orders"].into_iter().chain(arguments.split_whitespace());
    let flags = KeyFlags::new().variables("ORDERS");
    let (args, settings) = match flags.parse_from::<Args, _>(given, settings) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    match args.config.load(settings) {
        Ok(loaded) => {
            let (http, token) = (&loaded.settings().http, &loaded.settings().token);
            let origin = loaded.origin("http.port").unwrap_or_default();
            println!("{} {} {}", http.port, http.max_body, token.expose());
            println!("{origin}");
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

fn run(variables: &[(&str, &str)], arguments: &str) -> Output {
    let test = std::env::current_exe().expect("the test");
    let mut command = Command::new(test);
    let child = command
        .args(["--exact", "the_program_of_the_cases", "--nocapture"])
        .env_clear()
        .env(PROGRAM, arguments)
        .envs(variables.iter().copied());
    child.output().expect("it runs")
}

/// What a case prints, its two lines.
fn printed(variables: &[(&str, &str)], arguments: &str) -> String {
    let output = run(variables, arguments);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{out}{err}");
    let lines = out.lines().skip_while(|line| !line.contains("running"));
    let lines: Vec<_> = lines.skip(1).take(2).collect();
    lines.join(", ")
}

#[test]
fn the_program_of_the_cases() {
    let Ok(arguments) = std::env::var(PROGRAM) else {
        return;
    };
    if program(&arguments) != ExitCode::SUCCESS {
        // Not a panic, whose output would stand between.
        #[expect(clippy::exit, reason = "the end of the program of a case")]
        std::process::exit(2);
    }
}

#[test]
fn a_flag_wins_over_its_variable_and_this_one_over_that_of_the_key() {
    let flag = ("ORDERS_HTTP_PORT", "2");
    let key = ("ORDERS__HTTP__PORT", "1");
    for (variables, arguments, expected) in [
        (&[key][..], "", "1 0 , variable ORDERS__HTTP__PORT"),
        (&[key, flag], "", "2 0 , variable ORDERS_HTTP_PORT"),
        (&[key, flag], "--http.port 3", "3 0 , flag --http.port"),
        (
            &[key, flag],
            "--set http.port=4",
            "4 0 , flag --set http.port",
        ),
        (
            &[flag],
            "--set http.port=4 --http.port 3",
            "3 0 , flag --http.port",
        ),
        (
            &[flag],
            "--http.port 3 --set http.port=4",
            "4 0 , flag --set http.port",
        ),
        (&[("ORDERS_HTTP_PORT", "")], "", "0 0 , default"),
        (&[("ORDERS_HTTP_MAX_BODY", "7")], "", "0 7 , default"),
    ] {
        assert_eq!(printed(variables, arguments), expected, "{variables:?}");
    }
}

#[test]
fn a_variable_that_is_like_that_of_a_flag_is_a_warning() {
    let variables = [("ORDERS_HTTP_PROT", "1"), ("ORDERS_LOG", "debug")];
    let output = run(&variables, "");
    assert!(output.status.success());
    let err = String::from_utf8_lossy(&output.stderr);
    let expected = "warning: variable ORDERS_HTTP_PROT: no flag has this variable; did you mean `ORDERS_HTTP_PORT`?";
    assert!(err.contains(expected), "{err}");
    assert_eq!(err.matches("warning: ").count(), 1, "{err}");
}

#[test]
fn a_secret_may_come_by_a_variable() {
    assert_eq!(printed(&[("ORDERS_TOKEN", "t0p")], ""), "0 0 t0p, default");
}

#[test]
fn a_wrong_value_names_the_variable_and_help_names_it_too() {
    let output = run(&[("ORDERS_HTTP_PORT", "many")], "");
    let err = String::from_utf8_lossy(&output.stderr);
    let expected = "variable ORDERS_HTTP_PORT: http.port: \"many\" is not a whole number";
    assert!(err.contains(expected), "{err}");
    assert_eq!(output.status.code(), Some(2));
    let help = run(&[], "--help");
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(text.contains("[env: ORDERS_HTTP_MAX_BODY=]"), "{text}");
    assert!(!text.contains("ORDERS_TOKEN"), "{text}");
}
