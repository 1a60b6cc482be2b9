//! The reader's `cargo run`: the program of the step, in the reader's folder.

use std::process::ExitStatus;

use tokio::process::Command;

use crate::project::Project;
use crate::terminal::Terminal;

/// What cargo is asked for, taken apart: `NAME=value cargo run -- args`.
pub(crate) struct CargoRun {
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl CargoRun {
    /// None when the command is another one.
    pub(crate) fn parse(words: &[String]) -> Option<CargoRun> {
        let is_variable = |word: &&String| word.contains('=') && !word.starts_with('-');
        let variables: Vec<_> = words.iter().take_while(is_variable).collect();
        let rest =
            words[variables.len()..].strip_prefix(&["cargo".to_owned(), "run".to_owned()])?;
        let arguments = rest.iter().skip_while(|word| *word == "--");
        let pairs = variables
            .into_iter()
            .filter_map(|word| word.split_once('='));
        Some(CargoRun {
            variables: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            arguments: arguments.cloned().collect(),
        })
    }

    /// Runs it until it is ready or has ended, and gives its lines so far, and its end where it is not ready.
    pub(crate) async fn start(
        self,
        step: usize,
        project: &mut Project,
    ) -> (Vec<String>, Result<Terminal, ExitStatus>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutorial"));
        for name in ["KUBERNETES_SERVICE_HOST", "RUST_BACKTRACE", "RUST_LOG"] {
            command.env_remove(name);
        }
        command
            .current_dir(project.folder())
            .env("KIT_TUTORIAL_STEP", step.to_string())
            .envs(self.variables)
            .args(self.arguments.iter().map(|argument| project.here(argument)));
        if step < 3 {
            // Without settings, the address is an argument.
            command.arg("127.0.0.1:0");
        }
        let mut terminal = Terminal::run(&mut command);
        let mut lines = Vec::new();
        while let Some(line) = terminal.line().await {
            project.learn(&line);
            let is_ready = line.contains(" ready: ");
            lines.push(line);
            if is_ready {
                return (lines, Ok(terminal));
            }
        }
        let (rest, status) = terminal.end().await;
        lines.extend(rest);
        (lines, Err(status))
    }
}
