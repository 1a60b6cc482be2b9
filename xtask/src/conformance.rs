//! Clients and suites that others have written, against Kit's servers: curl, wrk, grpcurl, Python's
//! grpcio, Go's gRPC, h2spec, and the interop client of gRPC's own project; and Kit's backends against
//! registries that are built here.
//!
//! A client that this machine has no way to get is named as not run, which under `CI` is a failure.
//! grpcio also asks while servers are stopped: the rest of those cases are tests of
//! `bench-handover`, which need no Python.

mod clients;
mod h2spec;
mod interop;
mod registries;
mod servers;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

pub(crate) use self::registries::{CONSUL, TESTS as REGISTRY_TESTS};
use self::servers::Targets;
use crate::Result;
use crate::cargo::{command, output, run as run_command, target};
use crate::step::Steps;
use crate::test;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// How often a server is stopped in each of the ways that grpcio is asked in.
    #[arg(long, default_value_t = FEW_STOPS)]
    stops: u32,
}

pub(crate) const FEW_STOPS: u32 = 3;
pub(crate) const MANY_STOPS: u32 = 100;

pub(crate) fn run(options: &Options) -> Result {
    test::build()?;
    check(options.stops)
}

/// With what `cargo xtask test` has built.
pub(crate) fn check(stops: u32) -> Result {
    let folder = folder()?;
    let targets = Targets::start(&folder)?;
    let mut steps = Steps::default();
    for (name, get, check) in CLIENTS {
        steps.with(&named(name), get(&folder), |client| {
            check(&client, &targets)
        });
    }
    let stopped = targets.stop();
    let python = clients::grpcio(&folder);
    steps.with(&named("grpcio, while servers stop"), python, |python| {
        run_command(
            command(target().join("debug/bench-handover"))
                .args(["stops", "--judge", "--only", "grpcio", "--stops"])
                .arg(stops.to_string())
                .arg("--python")
                .arg(python),
        )
    });
    registries::check(&folder, &mut steps);
    steps.finish()?;
    stopped
}

/// The Consul that the tests use, built if need be.
pub(crate) fn consul() -> Result<PathBuf> {
    registries::consul(&folder()?)
}

fn named(client: &str) -> String {
    format!("conformance: {client}")
}

type Get = fn(&Path) -> Result<PathBuf>;
type Check = fn(&Path, &Targets) -> Result;

const CLIENTS: [(&str, Get, Check); 7] = [
    ("curl", clients::curl, curl),
    ("wrk", clients::wrk, wrk),
    ("grpcurl", clients::grpcurl, grpcurl),
    ("grpcio", clients::grpcio, grpcio),
    ("grpc-go", clients::grpc_go, grpc_go),
    ("h2spec", clients::h2spec, h2spec::check),
    ("interop", clients::interop, interop::check),
];

/// Where clients and logs go.
fn folder() -> io::Result<PathBuf> {
    let folder = target().join("conformance");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn curl(curl: &Path, targets: &Targets) -> Result {
    let plain = format!("http://{}/helloworld/kit", targets.http.authority());
    let secure = format!("https://{}/helloworld/kit", targets.secure.authority());
    let certificate = targets.secure.certificate().unwrap_or_default();
    let secure_at = |version| [version, "--cacert", certificate, &secure];
    for (arguments, expected) in [
        (&["--http1.1", &plain][..], "1.1 200"),
        // An offer to upgrade without TLS, which no server has to take.
        (&["--http2", &plain], "1.1 200"),
        (&["--http2-prior-knowledge", &plain], "2 200"),
        (&secure_at("--http1.1"), "1.1 200"),
        (&secure_at("--http2"), "2 200"),
    ] {
        let seen = output(curl_command(curl).args(arguments))?;
        let Some(("{\"message\":\"Hello kit\"}" | "Hello kit", version)) = seen.split_once('\n')
        else {
            return Err(format!("curl {arguments:?}: {seen}").into());
        };
        expect(version, expected, &format!("curl {arguments:?}"))?;
    }
    let late = format!("{plain}?delay=60s");
    let late = curl_command(curl)
        .args(["--max-time", "0.2", &late])
        .output()?;
    expect(
        &format!("{:?}", late.status.code()),
        "Some(28)",
        "curl --max-time",
    )?;
    Ok(())
}

fn curl_command(curl: &Path) -> Command {
    let mut curl = client(curl);
    curl.args(["--silent", "--show-error"]);
    curl.args(["--write-out", "\n%{http_version} %{http_code}"]);
    curl
}

fn wrk(wrk: &Path, targets: &Targets) -> Result {
    let secure = format!("https://{}", targets.secure.authority());
    for origin in [format!("http://{}", targets.http.authority()), secure] {
        let url = format!("{origin}/helloworld/kit");
        let seen = output(client(wrk).args(["-t1", "-c8", "-d1s", &url]))?;
        let failed = ["Socket errors", "Non-2xx"];
        if failed.iter().any(|what| seen.contains(what)) || seen.contains(" 0 requests in") {
            return Err(format!("wrk {url}:\n{seen}").into());
        }
    }
    Ok(())
}

/// Lists services by reflection, calls one, asks for health, and lets a call run into its deadline: on
/// the plain port and on that with TLS.
fn grpcurl(grpcurl: &Path, targets: &Targets) -> Result {
    for target in [&targets.grpc, &targets.secure] {
        let call = |options: &[&str], arguments: &[&str]| {
            let mut call = client(grpcurl);
            match target.certificate() {
                None => call.arg("-plaintext"),
                Some(certificate) => call.args(["-cacert", certificate]),
            };
            call.args(options).arg(target.authority()).args(arguments);
            call
        };
        let services = output(&mut call(&[], &["list"]))?;
        if !services.lines().any(|line| line == "helloworld.v1.Greeter") {
            return Err(format!("grpcurl list: {services}").into());
        }
        let hello = ["helloworld.v1.Greeter/SayHello"];
        let reply = output(&mut call(&["-d", r#"{"name":"kit"}"#], &hello))?;
        expect(
            &squeezed(&reply),
            r#"{"message":"Hellokit"}"#,
            "grpcurl SayHello",
        )?;
        let health = output(&mut call(&[], &["grpc.health.v1.Health/Check"]))?;
        expect(
            &squeezed(&health),
            r#"{"status":"SERVING"}"#,
            "grpcurl Check",
        )?;

        let late = r#"{"name":"kit","delay":"60s"}"#;
        let late = call(&["-max-time", "0.5", "-d", late], &hello).output()?;
        let error = String::from_utf8_lossy(&late.stderr);
        if late.status.success() || !error.contains("DeadlineExceeded") {
            return Err(format!("grpcurl -max-time: {error}").into());
        }
    }
    grpcurl_interop(grpcurl, targets)
}

/// Two methods that gRPC's interop client has no case for.
fn grpcurl_interop(grpcurl: &Path, targets: &Targets) -> Result {
    const SERVICE: &str = "grpc.testing.TestService";
    let three = r#"{"payload":{"body":"AAAA"}}"#;
    let one = r#"{"payload":{"body":"AA=="}}"#;
    let requests = r#"{"response_parameters":[{"size":3},{"size":1,"interval_us":1000}]}
                      {"response_parameters":[{"size":3}]}"#;
    for (method, requests, expected) in [
        (
            "CacheableUnaryCall",
            r#"{"response_size":3}"#,
            three.to_owned(),
        ),
        ("HalfDuplexCall", requests, [three, one, three].concat()),
    ] {
        let mut call = client(grpcurl);
        call.args(["-plaintext", "-d", requests, &targets.interop.authority()]);
        let seen = output(call.arg(format!("{SERVICE}/{method}")))?;
        expect(&squeezed(&seen), &expected, &format!("grpcurl {method}"))?;
    }
    Ok(())
}

fn grpcio(python: &Path, targets: &Targets) -> Result {
    both(targets, || {
        let mut python = client(python);
        python.arg("tests/conformance/grpcio.py");
        python
    })
}

fn grpc_go(program: &Path, targets: &Targets) -> Result {
    both(targets, || client(program))
}

/// A client that takes an address, and perhaps a certificate, and judges by itself.
fn both(targets: &Targets, client: impl Fn() -> Command) -> Result {
    for target in [&targets.grpc, &targets.secure] {
        let mut client = client();
        output(client.arg(target.authority()).args(target.certificate()))?;
    }
    Ok(())
}

fn client(program: &Path) -> Command {
    let mut command = command(program);
    // No proxy of the machine's knows these servers.
    command.env("no_proxy", "localhost,127.0.0.1");
    command
}

fn expect(seen: &str, expected: &str, what: &str) -> Result {
    if seen.trim() == expected {
        return Ok(());
    }
    Err(format!("{what}: `{seen}` instead of `{expected}`").into())
}

fn squeezed(json: &str) -> String {
    json.split_whitespace().collect()
}
