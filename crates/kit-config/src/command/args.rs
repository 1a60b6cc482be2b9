//! The flags that each program with settings has.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::load::{Loaded, Settings};
use crate::print;
use crate::problem::LoadError;
use crate::rules::Rules;

/// The exit code for settings that are wrong: that of a wrong command line, which is one of their sources.
const WRONG: u8 = 2;

/// The flags of configuration, to be flattened into the arguments of a program.
///
/// | flag | what |
/// |---|---|
/// | `--config FILE` | adds a file, or the files of a directory; may be repeated |
/// | `--profile NAME` | adds the files of a profile; may be repeated |
/// | `--set KEY=VALUE` | sets one value; may be repeated |
/// | `--check-config` | prints the merged settings with their origins, and ends |
/// | `--print-default-config` | prints a commented file with all settings and their defaults, and ends |
/// | `--print-config-schema` | prints the JSON Schema of the settings, for editors, and ends |
///
/// ```
/// use clap::Parser;
/// use kit_config::{ConfigArgs, Rules, Settings};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, JsonSchema)]
/// #[serde(default)]
/// struct Orders {
///     /// The port of the HTTP server.
///     port: u16,
/// }
///
/// impl Rules for Orders {}
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     config: ConfigArgs,
/// }
///
/// let args = Args::parse_from(["orders", "--set", "port=8000"]);
/// let settings = Settings::<Orders>::new().environment("ORDERS");
/// // In `main`, `Err(code)` is what to return.
/// let loaded = args.config.load(settings).expect("nothing is wrong");
/// assert_eq!(loaded.settings().port, 8000);
/// ```
#[derive(Clone, Default, PartialEq, Eq, clap::Args)]
// Without `about` clap takes these lines for the purpose of a program that says none.
#[command(next_help_heading = "Configuration", about = None, long_about = None)]
pub struct ConfigArgs {
    /// File with settings, or directory with such files; may be repeated, the last one counts most
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,

    /// Takes orders.NAME.toml beside orders.toml into account; may be repeated
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,

    /// Sets one value, such as http.port=8000; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Prints the settings in use, each with the place it comes from, and ends
    #[arg(long, group = "config-page")]
    check_config: bool,

    /// Prints a commented file with all settings and their defaults, and ends
    #[arg(long, group = "config-page")]
    print_default_config: bool,

    /// Prints the JSON Schema of the settings, for editors, and ends
    #[arg(long, group = "config-page")]
    print_config_schema: bool,
}

/// The keys of `--set` without their values, which may be secrets.
impl fmt::Debug for ConfigArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.set.iter();
        let keys = keys.map(|set| set.split_once('=').map_or("…", |(key, _)| key));
        f.debug_struct("ConfigArgs")
            .field("config", &self.config)
            .field("profile", &self.profile)
            .field("set", &keys.collect::<Vec<_>>())
            .field("check_config", &self.check_config)
            .field("print_default_config", &self.print_default_config)
            .field("print_config_schema", &self.print_config_schema)
            .finish()
    }
}

/// What the arguments ask for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Asked<T> {
    /// To run with these settings.
    Run(Box<Loaded<T>>),
    /// To print this page, and to end with success.
    Page(String),
}

impl ConfigArgs {
    /// Whether files were named, for programs that look for one at a usual place otherwise.
    #[must_use]
    pub fn has_files(&self) -> bool {
        !self.config.is_empty()
    }

    /// Adds the sources that the arguments name. Their files count more than those that `settings` has.
    pub fn apply<T: Rules>(&self, settings: Settings<T>) -> Settings<T> {
        let mut settings = settings;
        for path in &self.config {
            settings = if path.is_dir() {
                settings.directory(path)
            } else {
                settings.file(path)
            };
        }
        let profiles = self.profile.iter();
        settings = profiles.fold(settings, Settings::profile);
        let values = self.set.iter();
        values.fold(settings, Settings::set)
    }

    /// Loads the settings, or makes the page that is asked for, which [`load`](ConfigArgs::load) prints as well.
    /// Warnings are written to the standard error output.
    ///
    /// # Errors
    ///
    /// If the settings are wrong. The pages of the defaults and of the schema do not load any.
    pub fn ask<T: Rules>(&self, settings: Settings<T>) -> Result<Asked<T>, LoadError> {
        match self.page_of_type::<T>()? {
            Some(page) => Ok(Asked::Page(page)),
            None => self
                .apply(settings)
                .load()
                .map(|loaded| self.answer(loaded)),
        }
    }

    /// Loads the settings. Writes the warnings, or all that is wrong, to the standard error output, and a page
    /// that is asked for to the standard output.
    ///
    /// # Errors
    ///
    /// With the code to end the process with: 0 after a page, 2 if the settings are wrong, as for a wrong flag,
    /// and 1 if the page could not be written.
    pub fn load<T: Rules>(&self, settings: Settings<T>) -> Result<Loaded<T>, ExitCode> {
        finish(self.ask(settings))
    }

    /// As [`load`](ConfigArgs::load), also from etcd ([`Settings::load_remote`]).
    ///
    /// # Errors
    ///
    /// As [`load`](ConfigArgs::load).
    ///
    /// # Cancel safety
    ///
    /// Sources are only read: dropping the future leaves nothing behind.
    pub async fn load_remote<T: Rules>(
        &self,
        settings: Settings<T>,
    ) -> Result<Loaded<T>, ExitCode> {
        let asked = match self.page_of_type::<T>() {
            Ok(Some(page)) => Ok(Asked::Page(page)),
            Ok(None) => {
                let loaded = self.apply(settings).load_remote().await;
                loaded.map(|loaded| self.answer(loaded))
            }
            Err(error) => Err(error),
        };
        finish(asked)
    }

    /// The page that is made of the type alone.
    fn page_of_type<T: Rules>(&self) -> Result<Option<String>, LoadError> {
        if self.print_config_schema {
            return Ok(Some(print::config_schema::<T>()));
        }
        if self.print_default_config {
            return print::default_config::<T>().map(Some);
        }
        Ok(None)
    }

    fn answer<T: Rules>(&self, loaded: Loaded<T>) -> Asked<T> {
        write_warnings(&loaded);
        if self.check_config {
            return Asked::Page(print::checked_config(&loaded));
        }
        Asked::Run(Box::new(loaded))
    }
}

fn finish<T>(asked: Result<Asked<T>, LoadError>) -> Result<Loaded<T>, ExitCode> {
    match asked {
        Ok(Asked::Run(loaded)) => Ok(*loaded),
        Ok(Asked::Page(page)) => Err(write_page(&page)),
        Err(error) => {
            // Where nothing can be written, the code has to do.
            let _ = writeln!(io::stderr(), "error: {error}");
            Err(ExitCode::from(WRONG))
        }
    }
}

fn write_warnings<T>(loaded: &Loaded<T>) {
    for warning in loaded.warnings() {
        let _ = writeln!(io::stderr(), "warning: {warning}\n");
    }
}

/// A reader that has seen enough, such as `head`, is no failure.
fn write_page(page: &str) -> ExitCode {
    let mut output = io::stdout().lock();
    let written = output.write_all(page.as_bytes());
    match written.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: cannot write the page: {error}");
            ExitCode::FAILURE
        }
    }
}
