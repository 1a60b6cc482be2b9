//! A flag for each setting.

use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use super::error::KeyFlagsError;
use super::flag::KeyFlag;
use super::misspelt;
use crate::load::{self, Settings};
use crate::read;
use crate::rules::Rules;
use crate::shape::Shape;
use crate::source::environment;

/// The name of the flag that sets any setting.
const SET: &str = "set";

/// A flag for each setting of `T`, named by its key: `--http.port 8000`. A `_` in a key is a `-` in its flag.
///
/// Lists are written as in TOML, and lists of texts also as `a,b`; a switch needs no value (`--http.open`,
/// `--http.open=false`). Keys of maps and of the values of lists have no flag; `--set` of
/// [`ConfigArgs`](super::ConfigArgs) sets these. Secrets have none on purpose: the command line is
/// visible to all users of the machine. The flags are in `--help`, not in the shorter `-h`.
///
/// ```
/// use clap::Parser;
/// use kit_config::{ConfigArgs, KeyFlags, Rules, Settings};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, JsonSchema)]
/// #[serde(default)]
/// struct Orders {
///     http: Http,
/// }
///
/// #[derive(Default, Serialize, Deserialize, JsonSchema)]
/// #[serde(default)]
/// struct Http {
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
/// let settings = Settings::<Orders>::new();
/// let given = ["orders", "--http.port", "8000"];
/// // In `main`: `.parse(settings).unwrap_or_else(|error| error.exit())`.
/// let (args, settings) = KeyFlags::new().parse_from::<Args, _>(given, settings)?;
/// let loaded = args.config.load(settings).expect("nothing is wrong");
/// assert_eq!(loaded.settings().http.port, 8000);
/// assert_eq!(loaded.origin("http.port").as_deref(), Some("flag --http.port"));
/// # Ok::<(), clap::Error>(())
/// ```
pub struct KeyFlags<T> {
    flags: Vec<KeyFlag>,
    /// How the variables of the flags begin.
    prefix: Option<String>,
    of: PhantomData<fn() -> T>,
}

impl<T: Rules> KeyFlags<T> {
    /// A flag for each setting.
    #[must_use]
    pub fn new() -> KeyFlags<T> {
        let shape = Shape::of::<T>();
        // Without defaults, which loading will find fault with, help is still worth having.
        let defaults = read::write(&T::default()).ok();
        let keys = shape.keys().into_iter();
        let flags = keys.filter_map(|(key, place)| {
            let default = defaults.as_ref().and_then(|defaults| defaults.get(&key));
            KeyFlag::of(&key, &place, default)
        });
        KeyFlags {
            flags: flags.collect(),
            prefix: None,
            of: PhantomData,
        }
    }

    /// Leaves out the flag of the setting with this key, because the program has one of this name.
    #[must_use]
    pub fn without(mut self, key: &str) -> KeyFlags<T> {
        self.flags.retain(|flag| flag.key != key);
        self
    }

    /// Leaves out the flags of the settings inside the one with this key, which are a table that is seldom
    /// written: `http.port` for `http`. `--set` sets them all the same.
    #[must_use]
    pub fn without_inside(mut self, key: &str) -> KeyFlags<T> {
        let is_inside = |of: &str| {
            let rest = of.strip_prefix(key);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.flags.retain(|flag| !is_inside(&flag.key));
        self
    }

    /// Gives each flag a variable, which help names: with the prefix `ORDERS` that of `--http.port` is
    /// `ORDERS_HTTP_PORT`. The flag wins over it, and it wins over [`Settings::environment`], whose variables
    /// have `__` between their parts. An empty one is not set. One that no flag has, and
    /// that is like that of a flag, is a warning of each load
    /// ([`Loaded::warnings`](crate::Loaded::warnings)); another one may belong to another program.
    #[must_use]
    pub fn variables(mut self, prefix: impl Into<String>) -> KeyFlags<T> {
        self.prefix = Some(prefix.into());
        self
    }

    /// Parses the arguments of the process into those of the program and the settings.
    ///
    /// # Errors
    ///
    /// As clap has them, also for help; and those of [`KeyFlagsError`].
    pub fn parse<A: CommandFactory + FromArgMatches>(
        &self,
        settings: Settings<T>,
    ) -> Result<(A, Settings<T>), clap::Error> {
        self.parse_from(std::env::args_os(), settings)
    }

    /// Parses arguments, of which the first one is the name of the program.
    ///
    /// # Errors
    ///
    /// As clap has them, also for help; and those of [`KeyFlagsError`].
    pub fn parse_from<A, I>(
        &self,
        arguments: I,
        settings: Settings<T>,
    ) -> Result<(A, Settings<T>), clap::Error>
    where
        A: CommandFactory + FromArgMatches,
        I: IntoIterator<Item: Into<OsString> + Clone>,
    {
        let mut plain = A::command();
        let wrong = |command: &mut Command, kind, error: KeyFlagsError| command.error(kind, error);
        let added = self.add_to(plain.clone());
        let mut command =
            added.map_err(|error| wrong(&mut plain, ErrorKind::ArgumentConflict, error))?;
        let matches = command.try_get_matches_from_mut(arguments)?;
        let program = A::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        let read = self.read(&command, &matches, settings);
        let settings =
            read.map_err(|error| wrong(&mut command, ErrorKind::ValueValidation, error))?;
        Ok((program, settings))
    }

    /// Adds the flags to a command.
    ///
    /// # Errors
    ///
    /// If it has a flag of the same name, `--help` and `--version` among them.
    pub fn add_to(&self, command: Command) -> Result<Command, KeyFlagsError> {
        let mut taken: Vec<String> = Vec::new();
        if !command.is_disable_help_flag_set() {
            taken.push("help".to_owned());
        }
        let has_version = command.get_version().is_some() || command.get_long_version().is_some();
        if has_version && !command.is_disable_version_flag_set() {
            taken.push("version".to_owned());
        }
        for arg in command.get_arguments() {
            taken.extend(arg.get_long().map(str::to_owned));
            taken.extend(
                arg.get_all_aliases()
                    .into_iter()
                    .flatten()
                    .map(str::to_owned),
            );
        }
        for flag in &self.flags {
            if let Some(name) = flag.names().into_iter().find(|name| taken.contains(name)) {
                let key = flag.key.clone();
                return Err(KeyFlagsError::Conflict { flag: name, key });
            }
            taken.extend(flag.names());
        }
        let prefix = self.prefix.as_deref();
        let flags = self.flags.iter();
        Ok(command.args(flags.map(|flag| flag.to_arg(prefix))))
    }

    /// Takes what was given: on the command line, or by the variables that the program has added to flags.
    /// `command` is the one that [`add_to`](KeyFlags::add_to) has returned.
    ///
    /// # Errors
    ///
    /// If a secret was given on the command line.
    pub fn read(
        &self,
        command: &Command,
        matches: &ArgMatches,
        settings: Settings<T>,
    ) -> Result<Settings<T>, KeyFlagsError> {
        let mut settings = settings;
        load::set_places(&mut settings, places_of_set(matches));
        if let Some(prefix) = &self.prefix {
            let warnings = misspelt::warnings(prefix, command, environment::of_process());
            load::set_warnings(&mut settings, warnings);
        }
        for flag in &self.flags {
            let id = flag.id();
            let source = matches.value_source(&id);
            if flag.is_secret && source == Some(ValueSource::CommandLine) {
                let key = flag.key.clone();
                return Err(KeyFlagsError::Secret { key });
            }
            let Some(value) = flag.value(matches) else {
                continue;
            };
            let arg = command
                .get_arguments()
                .find(|arg| arg.get_id() == id.as_str());
            let variable = arg
                .and_then(clap::Arg::get_env)
                .map(|name| name.to_string_lossy());
            settings = match (source, variable) {
                (Some(ValueSource::CommandLine), _) => {
                    let name = format!("--{}", flag.name());
                    let place = matches.index_of(&id);
                    load::set_flag(&mut settings, (&flag.key, &name), &value, place);
                    settings
                }
                (Some(ValueSource::EnvVariable), Some(name)) if !value.is_empty() => {
                    settings.flag_variable(&flag.key, &name, value)
                }
                _ => settings,
            };
        }
        Ok(settings)
    }
}

/// What follows each `--set`, with its place on the command line; none where the program has no
/// [`ConfigArgs`](super::ConfigArgs).
fn places_of_set(matches: &ArgMatches) -> Vec<(String, usize)> {
    match matches.try_get_many::<String>(SET) {
        Ok(Some(values)) => {
            let indices = matches.indices_of(SET).into_iter().flatten();
            values.cloned().zip(indices).collect()
        }
        Ok(None) | Err(_) => Vec::new(),
    }
}

impl<T: Rules> Default for KeyFlags<T> {
    fn default() -> KeyFlags<T> {
        KeyFlags::new()
    }
}

impl<T> fmt::Debug for KeyFlags<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.flags.iter().map(|flag| &flag.key))
            .finish()
    }
}
