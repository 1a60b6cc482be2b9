//! Makes one service of `templates/service`; `cargo xtask new` calls it.
//!
//! ```text
//! new CHECKOUT-OF-KIT NAME FOLDER ask|silent [QUESTION=ANSWER]...
//! ```

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use cargo_generate::{GenerateArgs, TemplatePath, generate};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kit, name, folder, asks, defines @ ..] = &arguments[..] else {
        eprintln!("usage: new CHECKOUT-OF-KIT NAME FOLDER ask|silent [QUESTION=ANSWER]...");
        return ExitCode::from(2);
    };
    let template = Path::new(kit).join("templates/service");
    if let Err(error) = check(&template, defines) {
        eprintln!("no service was made: {error}");
        return ExitCode::FAILURE;
    }
    let mut define = defines.to_vec();
    if !define.iter().any(|answer| answer.starts_with("kit=")) {
        define.push(format!("kit=path:{kit}"));
    }
    let made = generate(GenerateArgs {
        template_path: TemplatePath {
            path: Some(template.to_string_lossy().into_owned()),
            ..TemplatePath::default()
        },
        name: Some(name.clone()),
        destination: Some(folder.into()),
        define,
        silent: asks == "silent",
        quiet: true,
        no_fmt: true,
        no_workspace: true,
        ..GenerateArgs::default()
    });
    match made {
        Ok(made) => {
            println!("{}", made.display());
            ExitCode::SUCCESS
        }
        // It has said why.
        Err(_) => ExitCode::FAILURE,
    }
}

/// Refuses answers to no question, which cargo-generate passes over, and wrong ones, after which it leaves a folder.
fn check(template: &Path, defines: &[String]) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(template.join("cargo-generate.toml"))?;
    let manifest: toml::Table = text.parse()?;
    let questions = manifest
        .get("placeholders")
        .and_then(toml::Value::as_table)
        .ok_or("the template asks nothing")?;
    for define in defines {
        let (name, answer) = define
            .split_once('=')
            .ok_or_else(|| format!("`-d {define}` is no answer: it has to be `question=answer`"))?;
        let Some(question) = questions.get(name) else {
            let known: Vec<&str> = questions.keys().map(String::as_str).collect();
            let known = known.join("`, `");
            return Err(format!("`-d {define}` answers no question: there are `{known}`").into());
        };
        let choices: Vec<&str> = match question.get("choices").and_then(toml::Value::as_array) {
            Some(choices) => choices.iter().filter_map(toml::Value::as_str).collect(),
            None if question["type"].as_str() == Some("bool") => vec!["true", "false"],
            None => continue,
        };
        if !choices.contains(&answer) {
            let right = choices.join("`, `");
            return Err(format!("`-d {define}`: `{name}` has to be one of `{right}`").into());
        }
    }
    Ok(())
}
