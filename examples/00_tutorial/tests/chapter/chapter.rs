//! The chapter as a program can read it.
//!
//! `## 3. Settings` begins a step; what comes before the first one is step 0. A fenced block behind a paragraph that
//! is one path in backticks is that file. A block of `console` is a terminal: a line that begins with `$ ` is a
//! command, `^C` is that key, and the lines behind them are what appears. Other blocks are not allowed.

use std::fs;

const CHAPTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/tutorial.md");

pub(crate) struct Chapter {
    pub(crate) steps: Vec<Step>,
}

pub(crate) struct Step {
    pub(crate) number: usize,
    pub(crate) parts: Vec<Part>,
}

pub(crate) enum Part {
    /// A file as it is from here on.
    File {
        path: String,
        text: String,
    },
    Typed {
        input: Input,
        shown: Vec<String>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    Command(String),
    CtrlC,
    /// More of what the service prints.
    Nothing,
}

impl Chapter {
    pub(crate) fn read() -> Chapter {
        let page = fs::read_to_string(CHAPTER).expect("the chapter");
        let mut steps = vec![Step {
            number: 0,
            parts: Vec::new(),
        }];
        let (mut lines, mut path) = (page.lines(), None);
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("## ") {
                let number = title
                    .split_once(". ")
                    .and_then(|(number, _)| number.parse().ok());
                let parts = Vec::new();
                steps.extend(number.map(|number| Step { number, parts }));
            } else if let Some(language) = line.strip_prefix("```") {
                let block = lines.by_ref().take_while(|line| *line != "```").collect();
                let parts = parts(language, block, path.take());
                steps.last_mut().expect("the first").parts.extend(parts);
            } else if !line.is_empty() {
                path = in_backticks(line);
            }
        }
        Chapter { steps }
    }

    /// Every file as it is after a step: the last text of each path.
    pub(crate) fn files(&self, step: usize) -> Vec<(&str, &str)> {
        let mut files: Vec<(&str, &str)> = Vec::new();
        let steps = self.steps.iter().filter(|found| found.number <= step);
        for part in steps.flat_map(|step| &step.parts) {
            if let Part::File { path, text } = part {
                files.retain(|(other, _)| other != path);
                files.push((path, text));
            }
        }
        files
    }
}

fn in_backticks(line: &str) -> Option<String> {
    let inside = line.strip_prefix('`')?.strip_suffix('`')?;
    (!inside.contains('`')).then(|| inside.to_owned())
}

fn parts(language: &str, block: Vec<&str>, path: Option<String>) -> Vec<Part> {
    if let Some(path) = path {
        let text = block.join("\n") + "\n";
        return vec![Part::File { path, text }];
    }
    assert_eq!(
        language, "console",
        "a block is a file with its path above it, or a terminal: {block:#?}"
    );
    let mut typed: Vec<(Input, Vec<String>)> = Vec::new();
    for line in block {
        if let Some(command) = line.strip_prefix("$ ") {
            typed.push((Input::Command(command.to_owned()), Vec::new()));
        } else if line == "^C" {
            typed.push((Input::CtrlC, Vec::new()));
        } else {
            if typed.is_empty() {
                typed.push((Input::Nothing, Vec::new()));
            }
            let (_, shown) = typed.last_mut().expect("one at least");
            shown.push(line.to_owned());
        }
    }
    let typed = typed.into_iter();
    typed
        .map(|(input, shown)| Part::Typed { input, shown })
        .collect()
}
