//! The side of Kratos: one of the programs in `interop/`.

use std::collections::BTreeMap;
use std::env;
use std::process::Stdio;
use std::time::Duration;

use kit::registry::ServiceInstance;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::messages::Status;

/// For one line of a program, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A major version of Kratos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2.9.
    V2,
    /// 3.0.
    V3,
}

impl Version {
    /// Both.
    pub const ALL: [Version; 2] = [Version::V2, Version::V3];

    /// The variable that names the program.
    fn variable(self) -> &'static str {
        match self {
            Version::V2 => "KIT_KRATOS_V2",
            Version::V3 => "KIT_KRATOS_V3",
        }
    }
}

/// A running program, which serves, and makes the calls that it is asked for. It is killed when it is
/// dropped.
#[derive(Debug)]
pub struct Kratos {
    version: Version,
    addresses: Addresses,
    child: Child,
    calls: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    views: Vec<Vec<ServiceInstance>>,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    http: String,
    grpc: String,
    id: String,
}

/// One line for what a watcher has found.
#[derive(Deserialize)]
struct View {
    view: Option<Vec<Value>>,
}

/// A call that the program makes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Call {
    /// The endpoint, `http://ADDRESS` or `grpc://ADDRESS`.
    pub to: String,
    /// `Fail` or `Relay`, or a method that is not there.
    pub method: String,
    /// What it asks for on HTTP; empty for nothing.
    pub accept: String,
    /// The request.
    pub message: Status,
    /// The metadata of the client's context.
    pub metadata: BTreeMap<String, String>,
    /// The `traceparent` of the span around the call; empty for none.
    pub trace: String,
}

/// What a call came to, as a client of Kratos sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Outcome {
    /// The answer, if there was one.
    pub reply: Option<Status>,
    /// The error, as Kratos' `errors.FromError` reads it.
    pub error: Option<Status>,
    /// The whole of the error, for people.
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    listed: Vec<Value>,
}

impl Kratos {
    /// Starts the program of this version, and waits until it serves.
    ///
    /// # Panics
    /// When there is none, or it does not start: a test is never skipped.
    pub async fn start(version: Version) -> Kratos {
        Kratos::start_with(version, &[]).await
    }

    /// Starts the program of this version, registered as `kratos` in the registry at a URL,
    /// `etcd://ADDRESS` or `consul://ADDRESS`. With `?health_check=false` at its end Consul does not try
    /// the endpoints of the program and of what it registers.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_in(version: Version, registry: &str) -> Kratos {
        Kratos::start_with(version, &[registry]).await
    }

    async fn start_with(version: Version, arguments: &[&str]) -> Kratos {
        let variable = version.variable();
        let program = env::var_os(variable).unwrap_or_else(|| {
            panic!("{variable} names no program: run `cargo xtask interop`, which builds it")
        });
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // No proxy of the machine's knows these servers.
            .env("no_proxy", "localhost,127.0.0.1")
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {program:?}: {error}"));
        let calls = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let first = line(&mut lines, version).await;
        let addresses = serde_json::from_str(&first)
            .unwrap_or_else(|error| panic!("{version:?} printed {first:?}: {error}"));
        Kratos {
            version,
            addresses,
            child,
            calls,
            lines,
            views: Vec::new(),
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The address of its HTTP server.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.addresses.http
    }

    /// The address of its gRPC server.
    #[must_use]
    pub fn grpc(&self) -> &str {
        &self.addresses.grpc
    }

    /// The id of its instance.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.addresses.id
    }

    /// Has the program make a call.
    ///
    /// # Panics
    /// When it says nothing, or has ended.
    pub async fn call(&mut self, call: &Call) -> Outcome {
        self.outcome_of(call).await
    }

    /// Has the program register instances, or change them.
    ///
    /// # Panics
    /// When that fails.
    pub async fn register(&mut self, instances: &[ServiceInstance]) {
        let outcome = self.with_instances("register", instances).await;
        assert!(outcome.error.is_none(), "register: {outcome:?}");
    }

    /// Has the program deregister instances.
    ///
    /// # Panics
    /// When that fails.
    pub async fn deregister(&mut self, instances: &[ServiceInstance]) {
        let outcome = self.with_instances("deregister", instances).await;
        assert!(outcome.error.is_none(), "deregister: {outcome:?}");
    }

    /// What the program's registry lists of a service.
    ///
    /// # Errors
    /// The text of that of Kratos.
    ///
    /// # Panics
    /// When the program says nothing, or has ended.
    pub async fn list(&mut self, name: &str) -> Result<Vec<ServiceInstance>, String> {
        let outcome = self.outcome_of(&json!({"do": "list", "name": name})).await;
        match outcome.error {
            None => Ok(instances(&outcome.listed)),
            Some(_) => Err(outcome.text),
        }
    }

    /// Has the program watch a service, from now on.
    ///
    /// # Panics
    /// When that fails.
    pub async fn watch(&mut self, name: &str) {
        let outcome = self.outcome_of(&json!({"do": "watch", "name": name})).await;
        assert!(outcome.error.is_none(), "watch: {outcome:?}");
    }

    /// The last view of the watched service, once it is as asked for.
    ///
    /// # Panics
    /// When there is no such view within a minute.
    pub async fn view(
        &mut self,
        what: &str,
        is: impl Fn(&[ServiceInstance]) -> bool,
    ) -> Vec<ServiceInstance> {
        let found = timeout(LIMIT, async {
            loop {
                if let Some(last) = self.views.last()
                    && is(last)
                {
                    return last.clone();
                }
                let line = line(&mut self.lines, self.version).await;
                let kept = self.keep_view(&line);
                assert!(kept, "{:?} printed {line:?}", self.version);
            }
        })
        .await;
        found.unwrap_or_else(|_| {
            let last = self.views.last();
            panic!("{:?} never saw {what}, but {last:?}", self.version)
        })
    }

    /// All views so far.
    #[must_use]
    pub fn views(&self) -> &[Vec<ServiceInstance>] {
        &self.views
    }

    /// Has a client of Kratos, which finds a service in the registry, greet an instance by `http` or
    /// `grpc`. The client is kept for the next greeting.
    ///
    /// # Panics
    /// When that fails.
    pub async fn greet(&mut self, scheme: &str, name: &str) -> String {
        let task = json!({"do": "greet", "scheme": scheme, "name": name});
        let outcome = self.outcome_of(&task).await;
        let reply = outcome.reply.as_ref().map(|reply| reply.message.clone());
        reply.unwrap_or_else(|| panic!("{:?}, {scheme}: {outcome:?}", self.version))
    }

    /// Ends it with SIGTERM.
    ///
    /// # Panics
    /// When it does not end, or not with 0.
    pub async fn terminate(mut self) {
        terminate(&self.child);
        let end = timeout(LIMIT, self.child.wait()).await;
        let status = end.expect("the program ends at a SIGTERM");
        let status = status.expect("a child");
        assert!(status.success(), "{:?} ended with {status}", self.version);
    }

    /// Stops it in good order.
    ///
    /// # Panics
    /// When it does not end, or not with 0.
    pub async fn stop(mut self) {
        drop(self.calls);
        let end = timeout(LIMIT, self.child.wait()).await;
        let status = end.expect("the program ends when its stdin does");
        let status = status.expect("a child");
        assert!(status.success(), "{:?} ended with {status}", self.version);
    }

    async fn with_instances(&mut self, task: &str, instances: &[ServiceInstance]) -> Outcome {
        let read = |instance: &ServiceInstance| serde_json::from_str(&instance.to_json());
        let instances: Result<Vec<Value>, _> = instances.iter().map(read).collect();
        let instances = instances.expect("an instance is JSON");
        self.outcome_of(&json!({"do": task, "instances": instances}))
            .await
    }

    async fn outcome_of(&mut self, task: &impl Serialize) -> Outcome {
        let mut text = serde_json::to_vec(task).expect("texts and numbers");
        text.push(b'\n');
        let sent = self.calls.write_all(&text).await;
        sent.unwrap_or_else(|error| panic!("{:?} has ended: {error}", self.version));
        loop {
            let line = line(&mut self.lines, self.version).await;
            if !self.keep_view(&line) {
                return serde_json::from_str(&line).unwrap_or_else(|error| {
                    panic!("{:?} printed {line:?}: {error}", self.version)
                });
            }
        }
    }

    /// Keeps what a line shows, if it is a view.
    fn keep_view(&mut self, line: &str) -> bool {
        if !line.contains(r#""view":"#) {
            return false;
        }
        let view: View = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{:?} printed {line:?}: {error}", self.version));
        // In Go an empty list may be `null`.
        self.views.push(instances(&view.view.unwrap_or_default()));
        true
    }
}

/// Sends SIGTERM to a child.
///
/// # Panics
/// When it was waited for.
pub fn terminate(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    let pid = pid.and_then(Pid::from_raw).expect("a child that runs");
    kill_process(pid, Signal::TERM).expect("a signal to a child");
}

fn instances(values: &[Value]) -> Vec<ServiceInstance> {
    let read = |value: &Value| {
        let text = value.to_string();
        ServiceInstance::from_json(text.as_bytes())
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    values.iter().map(read).collect()
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>, version: Version) -> String {
    let line = timeout(LIMIT, lines.next_line()).await;
    let line = line.unwrap_or_else(|_| panic!("{version:?} printed nothing in {LIMIT:?}"));
    let line = line.unwrap_or_else(|error| panic!("the output of {version:?}: {error}"));
    line.unwrap_or_else(|| panic!("{version:?} has ended"))
}
