use std::fs;

use clap::{CommandFactory, Parser};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::load::Settings;
use crate::rules::Rules;
use crate::secret::Secret;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    http: Http,
    /// Passwords are secrets. They have no flag.
    password: Secret<String>,
    hosts: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Http {
    /// The port of the
    /// HTTP server. It is bound at the start.
    port: u16,
    max_body: i64,
    open: bool,
    name: Option<String>,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            port: 80,
            max_body: 1,
            open: false,
            name: None,
        }
    }
}

impl Rules for Orders {}

#[derive(Debug, Parser)]
#[command(name = "orders", version = "1")]
struct Args {
    #[arg(long, default_value = "none")]
    other: String,

    #[command(flatten)]
    config: ConfigArgs,
}

fn settings() -> Settings<Orders> {
    Settings::new().variables([("UNUSED", "x")])
}

fn parse(given: &[&str]) -> Result<(Args, Settings<Orders>), clap::Error> {
    let given = ["orders"].iter().chain(given);
    KeyFlags::new().parse_from(given, settings())
}

fn page(given: &[&str]) -> String {
    let (args, settings) = parse(given).expect("right flags");
    match args.config.ask(settings).expect("right settings") {
        Asked::Page(page) => page,
        Asked::Run(_) => panic!("no page for {given:?}"),
    }
}

#[test]
fn each_setting_has_a_flag_with_its_origin() {
    let given = [
        "--http.port",
        "8000",
        "--http.max-body",
        "-5",
        "--http.open",
        "--http.name=x y",
        "--hosts",
        "a,b",
        "--other",
        "mine",
    ];
    let (args, settings) = parse(&given).expect("right flags");
    assert_eq!(args.other, "mine");
    let loaded = args.config.load(settings).expect("right settings");
    let expected = Orders {
        http: Http {
            port: 8000,
            max_body: -5,
            open: true,
            name: Some("x y".to_owned()),
        },
        password: Secret::default(),
        hosts: vec!["a".to_owned(), "b".to_owned()],
    };
    assert_eq!(loaded.settings(), &expected);
    assert_eq!(
        loaded.origin("http.port").as_deref(),
        Some("flag --http.port")
    );
    assert_eq!(
        loaded.origin("http.max_body").as_deref(),
        Some("flag --http.max-body")
    );
    let (args, settings) = parse(&["--http.open=false"]).expect("right flags");
    let loaded = args.config.load(settings).expect("right settings");
    assert!(!loaded.settings().http.open);
    assert_eq!(loaded.origin("http.port").as_deref(), Some("default"));
}

#[test]
fn a_flag_is_its_key_with_dashes_and_the_key_itself() {
    let (args, settings) = parse(&["--http.max_body", "7"]).expect("a right flag");
    let loaded = args.config.load(settings).expect("right settings");
    assert_eq!(loaded.settings().http.max_body, 7);
    let help = parse(&["--help"]).expect_err("help").to_string();
    assert!(help.contains("--http.max-body <NUMBER>"), "{help}");
    assert!(!help.contains("--http.max_body"), "{help}");
}

#[test]
fn settings_inside_a_table_can_be_left_out() {
    let flags = KeyFlags::<Orders>::new().without_inside("http");
    let command = flags.add_to(Args::command()).expect("no conflict");
    let has = |name: &str| {
        command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(name))
    };
    assert!(has("hosts"));
    assert!(!has("http.port") && !has("http.max-body"));
}

#[test]
fn help_has_the_first_sentence_and_the_default() {
    let error = parse(&["--help"]).expect_err("help").to_string();
    let error = error.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "--http.port <NUMBER> The port of the HTTP server [default: 80]",
        "--http.name <TEXT> [default: none]",
        "--http.open[=<BOOL>] [default: false]",
        "--hosts <LIST> [default: []]",
        "--set <KEY=VALUE>",
    ] {
        assert!(error.contains(expected), "{expected} is not in {error}");
    }
    assert!(!error.contains("password"), "{error}");
    // A program that does not say what it is for has no text of ours in that place.
    assert!(error.starts_with("Usage: orders"), "{error}");
    let short = parse(&["-h"]).expect_err("help").to_string();
    assert!(
        !short.contains("--http.port") && short.contains("--set"),
        "{short}"
    );
}

#[test]
fn a_secret_has_no_flag_and_its_value_is_not_repeated() {
    for given in [
        &["--password", "hunter2"][..],
        &["--password=hunter2"],
        &["--password"],
    ] {
        let error = parse(given).expect_err("a secret").to_string();
        assert!(
            error.contains("--password is refused: `password` is a secret"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_wrong_flag_is_one_of_clap_and_a_wrong_value_one_of_the_settings() {
    let error = parse(&["--http.prt", "1"]).expect_err("a typo");
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("--http.port"), "{error}");
    let error = parse(&["--http.port", "1", "--http.port", "2"]).expect_err("twice");
    assert!(
        error.to_string().contains("cannot be used multiple times"),
        "{error}"
    );
    let (args, settings) = parse(&["--http.port", "x", "--set", "http.nme=1"]).expect("flags");
    let error = args
        .config
        .ask(settings)
        .expect_err("wrong values")
        .to_string();
    assert!(
        error.contains("flag --http.port: http.port: ") && error.contains("whole number"),
        "{error}"
    );
    assert!(
        error.contains("flag --set http.nme: http.nme: ") && error.contains("`http.name`"),
        "{error}"
    );
}

#[test]
fn a_flag_of_the_program_with_the_same_name_is_a_clear_error() {
    let flags = KeyFlags::<Orders>::new();
    let own = |name: &'static str| clap::Command::new("orders").arg(clap::Arg::new("x").long(name));
    for (name, key) in [("hosts", "hosts"), ("http.max-body", "http.max_body")] {
        let error = flags.add_to(own(name)).expect_err("a conflict");
        let expected = format!(
            "the flag --{name} of the setting `{key}` is a flag of the program already; rename that one, \
             or leave the setting's out by `without(\"{key}\")`"
        );
        assert_eq!(error.to_string(), expected);
    }
    let alias = clap::Command::new("orders").arg(clap::Arg::new("x").long("y").alias("hosts"));
    assert!(flags.add_to(alias).is_err());
    let command = KeyFlags::<Orders>::new()
        .without("hosts")
        .add_to(own("hosts"))
        .expect("no conflict");
    command.debug_assert();
    flags
        .add_to(Args::command())
        .expect("no conflict")
        .debug_assert();

    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    struct Builtin {
        help: String,
    }
    impl Rules for Builtin {}
    let error = KeyFlags::<Builtin>::new()
        .add_to(clap::Command::new("x"))
        .expect_err("a conflict");
    assert!(error.to_string().contains("--help"), "{error}");
}

#[test]
fn a_variable_that_the_program_gives_to_a_flag_is_named() {
    let flags = KeyFlags::<Orders>::new();
    let command = flags
        .add_to(clap::Command::new("orders"))
        .expect("no conflict");
    // A variable that the process has in any case, as it cannot be set without `unsafe`.
    let command = command.mut_arg("setting http.name", |arg| arg.env("PATH"));
    let matches = command.clone().get_matches_from(["orders"]);
    let settings = flags
        .read(&command, &matches, settings())
        .expect("no secret");
    let loaded = settings.load().expect("right settings");
    assert_eq!(loaded.settings().http.name, std::env::var("PATH").ok());
    assert_eq!(loaded.origin("http.name").as_deref(), Some("variable PATH"));
}

#[test]
fn files_profiles_and_set_are_sources() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let base = write(
        "orders.toml",
        "hosts = [\"base\"]\nhttp.port = 1\nhttp.max_body = 2\n",
    );
    write("orders.test.toml", "http.port = 3\n");
    write("d/a.toml", "http.name = \"d\"\n");
    let directory = folder.path().join("d");
    let directory = directory.to_str().expect("UTF-8");
    let given = [
        "--config",
        &base,
        "--config",
        directory,
        "--profile",
        "test",
        "--set",
        "http.max_body=4",
    ];
    let (args, settings) = parse(&given).expect("right flags");
    assert!(args.config.has_files());
    // Not every directory has the profile's files, so one set of files may be without.
    let loaded = args.config.load(settings).expect("right settings");
    let http = &loaded.settings().http;
    assert_eq!(
        (http.port, http.max_body, http.name.as_deref()),
        (3, 4, Some("d"))
    );
    let checked = page(&[&given[..], &["--check-config"]].concat());
    assert!(
        checked.contains("max_body = 4 # flag --set http.max_body\n"),
        "{checked}"
    );
    assert!(
        checked.contains(&format!("hosts = [\"base\"] # {base}:1:9\n")),
        "{checked}"
    );
}

#[test]
fn pages_need_no_right_settings_and_exclude_each_other() {
    let wrong = ["--set", "none=1", "--print-default-config"];
    assert!(page(&wrong).contains("#port = 80\n"), "{}", page(&wrong));
    assert!(page(&["--print-config-schema"]).contains("\"title\": \"Orders\""));
    let both = parse(&["--check-config", "--print-config-schema"]).expect_err("two pages");
    assert!(both.to_string().contains("cannot be used with"), "{both}");
}

#[test]
fn a_load_with_remote_sources_is_the_same() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let (args, settings) = parse(&["--http.port", "8000"]).expect("right flags");
    let loaded = runtime.block_on(args.config.load_remote(settings));
    assert_eq!(loaded.expect("right settings").settings().http.port, 8000);
    let (args, settings) = parse(&["--set", "none=1"]).expect("right flags");
    let refused = runtime.block_on(args.config.load_remote(settings));
    // `ExitCode` has no `==`.
    let code = format!("{:?}", refused.expect_err("a wrong key"));
    assert_eq!(code, format!("{:?}", std::process::ExitCode::from(2)));
}

#[test]
fn the_arguments_are_shown_without_the_values_of_set() {
    let args = ConfigArgs::default();
    let names = ["orders", "--set", "token=hunter2", "--set", "hunter2"];
    let command = <ConfigArgs as clap::Args>::augment_args(clap::Command::new("orders"));
    let matches = command.get_matches_from(names);
    let mut set = args;
    clap::FromArgMatches::update_from_arg_matches(&mut set, &matches).expect("arguments");
    let shown = format!("{set:?}");
    assert!(
        shown.contains("\"token\"") && !shown.contains("hunter2"),
        "{shown}"
    );
}
