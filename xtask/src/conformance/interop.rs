//! The client of gRPC's own interoperability tests, written in Go, against `grpc.testing.TestService`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::servers::{Target, Targets};
use super::{client, expect};
use crate::Result;
use crate::bounded::run_within;
use crate::step::seconds;

/// Every case that needs nothing but a client and a server.
const CASES: [&str; 17] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
    "pick_first_unary",
    // Ten calls on one connection, and ten connections; the client's help does not name them.
    "rpc_soak",
    "channel_soak",
];

/// Credentials of a cloud, and reports of load (ORCA), which Kit's server does not send.
const LEFT_OUT: [&str; 9] = [
    "compute_engine_creds",
    "service_account_creds",
    "jwt_token_creds",
    "per_rpc_creds",
    "oauth2_auth_token",
    "google_default_credentials",
    "compute_engine_channel_credentials",
    "orca_per_rpc",
    "orca_oob",
];

/// More than any case waits by itself.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) fn check(program: &Path, targets: &Targets) -> Result {
    all_cases_are_known(program)?;
    let mut problems = Vec::new();
    println!("{:<28} {:>8} {:>8}", "interop", "plain", "TLS");
    for case in CASES {
        let cells = [&targets.interop, &targets.secure].map(|target| {
            let start = Instant::now();
            match run(program, case, target) {
                Ok(()) => seconds(start.elapsed()),
                Err(error) => {
                    problems.push(error.to_string());
                    "FAILED".to_owned()
                }
            }
        });
        println!("{case:<28} {:>8} {:>8}", cells[0], cells[1]);
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.join("\n").into())
}

fn run(program: &Path, case: &str, target: &Target) -> Result {
    let mut command = client(program);
    command.args(["-test_case", case, "-server_host", target.host()]);
    command.args(["-server_port", &target.port().to_string()]);
    if let Some(certificate) = target.certificate() {
        command.args(["-use_tls", "-use_test_ca", "-ca_file", certificate]);
    }
    let (status, printed) = run_within(LIMIT, &mut command, &log(program, case))?;
    if status.success() {
        return Ok(());
    }
    let at = target.authority();
    Err(format!("{case} at {at}: {status}\n{}", printed.trim_end()).into())
}

fn log(program: &Path, what: &str) -> std::path::PathBuf {
    program.with_file_name(format!("interop-{what}.log"))
}

/// A case that a later version brings is not left out by accident.
fn all_cases_are_known(program: &Path) -> Result {
    let mut help: Command = client(program);
    let (_, help) = run_within(LIMIT, help.arg("-help"), &log(program, "help"))?;
    let offered = offered(&help);
    if offered.is_empty() {
        return Err(format!("the client's help names no cases:\n{help}").into());
    }
    let known = |case: &&str| CASES.contains(case) || LEFT_OUT.contains(case);
    let unknown: Vec<&str> = offered.into_iter().filter(|case| !known(case)).collect();
    expect(&unknown.join(", "), "", "cases that are not listed here")
}

/// Of lines such as `    empty_unary : empty (zero bytes) request and response;`.
fn offered(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| line.trim() != "-test_case string")
        .skip(1)
        .take_while(|line| !line.trim_start().starts_with('-'))
        .filter_map(|line| Some(line.split_once(':')?.0.trim()))
        .filter(|name| !name.is_empty() && !name.contains(' '))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::offered;

    #[test]
    fn the_cases_are_read_from_the_help() {
        let help = "  -soak int\n    \tNumber: of soaks\n  -test_case string\n    \tConfigure. Valid \
                    options are:\n    \t        empty_unary : zero;\n    \t        ping_pong: full;\n  \
                    -use_alts\n    \tConnection: ALTS\n";
        assert_eq!(offered(help), ["empty_unary", "ping_pong"]);
    }
}
