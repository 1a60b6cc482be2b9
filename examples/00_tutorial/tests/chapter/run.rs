//! One step, done in the order of the chapter.

use std::cell::Cell;
use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::Duration;

use kit_test_support::Etcd;
use tokio::time::{Instant, sleep};

use crate::answers;
use crate::chapter::{Chapter, Input, Part};
use crate::commands::{output, words};
use crate::masks::compare;
use crate::project::Project;
use crate::service::CargoRun;
use crate::terminal::Terminal;

/// How the command begins that sends requests until all are answered.
const LOAD: &str = "for n in $(seq ";

/// Patience with a page that is behind.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Run {
    step: usize,
    project: Project,
    /// In the order of their starts.
    services: VecDeque<Terminal>,
    ended: Option<ExitStatus>,
    etcd: Option<Etcd>,
    /// How many requests the load has in the chapter, and how many were answered here.
    asked: u64,
    answered: u64,
}

impl Run {
    /// Does one step of the chapter and panics where a run prints something else.
    pub(crate) async fn follow(step: usize) {
        let chapter = Chapter::read();
        let run = Run {
            step,
            project: Project::new(),
            services: VecDeque::new(),
            ended: None,
            etcd: None,
            asked: 0,
            answered: 0,
        };
        run.all(&chapter).await;
    }

    /// A block of the load has its output behind it, but the load itself lasts until the next Ctrl-C has been
    /// followed by the end of a service: so the parts up to that one run beside it.
    async fn all(mut self, chapter: &Chapter) {
        let found = chapter.steps.iter().find(|step| step.number == self.step);
        let parts = found.expect("the step").parts.iter();
        let mut parts = parts.filter_map(|part| match part {
            Part::Typed { input, shown } => Some((input, shown)),
            Part::File { .. } => None,
        });
        while let Some((input, shown)) = parts.next() {
            match input {
                Input::Command(command) if command.starts_with(LOAD) => {
                    let url = command
                        .split_whitespace()
                        .find(|word| word.starts_with("http://"));
                    let url = self.project.here(url.expect("a URL").trim_end_matches(';'));
                    let is_over = Cell::new(false);
                    let beside = async {
                        for (input, shown) in parts.by_ref() {
                            self.part(chapter, input, shown).await;
                            if *input == Input::CtrlC {
                                break;
                            }
                        }
                        is_over.set(true);
                    };
                    let (answered, ()) = tokio::join!(load(&url, &is_over), beside);
                    let asked = command[LOAD.len()..].split(')').next();
                    self.asked = asked.and_then(|all| all.parse().ok()).expect("a number");
                    assert_eq!(*shown, [format!("{:>7} 200", self.asked)], "uniq");
                    assert!(answered > 0, "the load has asked");
                    self.answered = answered;
                }
                _ => self.part(chapter, input, shown).await,
            }
        }
        assert!(
            self.services.len() <= 1,
            "a service is stopped before the next step"
        );
        if let Some(service) = self.services.pop_front() {
            service.ctrl_c();
            let (lines, status) = service.end().await;
            assert!(status.success(), "{status}: {lines:#?}");
        }
    }

    /// A page of metrics may be a moment behind the answer that it counts, so it is asked for until it is as shown.
    async fn part(&mut self, chapter: &Chapter, input: &Input, shown: &[String]) {
        let is_metrics = matches!(input, Input::Command(command) if command.contains("/metrics"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = match input {
                Input::Command(command) => self.command(chapter, command, shown).await,
                Input::CtrlC => self.ctrl_c().await,
                Input::Nothing => self.more(shown.len()).await,
            };
            let there = |line: &String| self.project.there(line);
            let Err(difference) = compare(shown, &printed.iter().map(there).collect::<Vec<_>>())
            else {
                return;
            };
            let is_final = !is_metrics || Instant::now() > deadline;
            assert!(!is_final, "step {}, {input:?}: {difference}", self.step);
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn command(&mut self, chapter: &Chapter, command: &str, shown: &[String]) -> Vec<String> {
        let words = words(command);
        if let Some(run) = CargoRun::parse(&words) {
            if command.contains("etcd://") {
                let etcd = Etcd::start().await;
                self.project.place("127.0.0.1:2379", &etcd.address());
                self.etcd = Some(etcd);
            }
            self.project.write_settings(chapter, self.step);
            let (lines, started) = run.start(self.step, &mut self.project).await;
            match started {
                Ok(terminal) => self.services.push_back(terminal),
                Err(status) => self.ended = Some(status),
            }
            return lines;
        }
        if command == "echo $?" {
            let code = self.ended.and_then(|status| status.code());
            return vec![code.expect("an exit code").to_string()];
        }
        if command == "cargo test" {
            return tests();
        }
        let printed = output(&words, &self.project).await;
        let printed = printed.unwrap_or_else(|| panic!("`{command}` is not known here"));
        let lines: Vec<_> = printed.lines().map(str::to_owned).collect();
        if words[0] == "tail" {
            assert_eq!(
                sum(&lines),
                self.answered,
                "{lines:?}: each answer is in the book"
            );
            assert_eq!(sum(shown), self.asked, "the book of the chapter");
            return shown.to_vec();
        }
        lines
    }

    /// Stops the service that has started first, and gives its lines from the stop on.
    async fn ctrl_c(&mut self) -> Vec<String> {
        let service = self.services.pop_front().expect("a service that runs");
        service.ctrl_c();
        let (mut lines, status) = service.end().await;
        self.ended = Some(status);
        let begin = lines.iter().position(|line| line.contains(": stopping "));
        lines.drain(..begin.expect("a stop"));
        // Requests that are served during the stop.
        lines.retain(|line| !line.contains(" kit::access: "));
        lines
    }

    async fn more(&mut self, count: usize) -> Vec<String> {
        let service = self.services.front_mut().expect("a service that runs");
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(service.line().await.expect("a line"));
        }
        lines
    }
}

/// Asks on new connections, one after the other, until it is over; every answer has to be 200.
async fn load(url: &str, is_over: &Cell<bool>) -> u64 {
    let mut answered = 0;
    while !is_over.get() {
        let answer = answers::get(url).await;
        let (head, _) = answer.unwrap_or_else(|error| panic!("request {answered}: {error}"));
        assert!(
            head.starts_with("HTTP/1.1 200"),
            "request {answered}: {head}"
        );
        answered += 1;
    }
    answered
}

/// The sum of lines such as `742 greeted`.
fn sum(lines: &[String]) -> u64 {
    let counts = lines.iter().map(|line| line.strip_suffix(" greeted"));
    let counts = counts.map(|count| count.and_then(|count| count.parse::<u64>().ok()));
    counts
        .map(|count| count.unwrap_or_else(|| panic!("{lines:?}")))
        .sum()
}

/// The output of `cargo test`. The test itself is one of this package: it runs beside this one, and cannot be run
/// from here, where only the program is known. Its name is that of the source.
fn tests() -> Vec<String> {
    let source = include_str!("../../src/step_8/main.rs");
    let (_, test) = source.split_once("#[tokio::test]").expect("a test");
    let name = test
        .trim_start()
        .strip_prefix("async fn ")
        .expect("its name");
    let (name, rest) = name.split_once("()").expect("its end");
    assert!(!rest.contains("#[tokio::test]"), "one test");
    let lines = format!(
        "running 1 test\ntest tests::{name} ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; \
         0 filtered out; finished in 0.01s"
    );
    lines.lines().map(str::to_owned).collect()
}
