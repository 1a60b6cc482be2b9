//! Makes a service of `templates/service` for every combination of answers, and looks at the files.
//!
//! ```text
//! template CHECKOUT-OF-KIT FOLDER
//! ```
//!
//! Prints the folder of each service, a line each. `cargo xtask template` calls it, and builds, tests and runs what came
//! out.

mod combination;
mod files;
mod generate;
mod names;
mod versions;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use generate::Template;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [kit, folder] = &arguments[..] else {
        eprintln!("usage: template CHECKOUT-OF-KIT FOLDER");
        return ExitCode::from(2);
    };
    match run(kit, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("template: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The mistakes of all combinations are shown together.
fn run(kit: &Path, folder: &Path) -> Result {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let template = Template::new(kit, folder)?;
    let versions = versions::of_workspace(kit)?;
    let mut wrong = names::check(&template)?;
    for combination in combination::all() {
        let made = template.make(&combination)?;
        let mut found = files::check(&made, &combination)?;
        found.extend(versions::check(&made, &versions)?);
        wrong.extend(found.iter().map(|found| format!("{combination}: {found}")));
        println!("{}", made.display());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("\n").into())
}
