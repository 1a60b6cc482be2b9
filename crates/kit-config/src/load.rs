//! Settings from all their sources.

use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use crate::problem::{LoadError, Problem};
use crate::reference::Variables;
use crate::rules::Rules;
use crate::shape::Shape;
use crate::source::environment;
use crate::source::file::name as file_name;
use crate::source::files::{Files, Location, LocationKind};
use crate::source::flag::Flags;
use crate::source::layer::Layer;
use crate::source::profile::Profile;
use crate::source::remote::{self, Remote};
use crate::tree::node::Node;

#[cfg(feature = "app")]
mod again;
#[cfg(feature = "clap")]
mod arguments;
mod cut;
mod mask;
mod once;
mod order;
mod pipeline;
mod read_file;
mod same_place;
mod written;

#[cfg(feature = "app")]
pub(crate) use again::{files_of, places, read_merged};
#[cfg(feature = "clap")]
pub(crate) use arguments::{set_flag, set_places, set_warnings};
pub(crate) use read_file::ReadFile;

/// The sources of settings, and the way to read them.
///
/// What counts more, from the defaults of `T` on: files in the order in which they are named, the files of
/// profiles, etcd, variables of the environment, the variables of flags, the command line. The order of the
/// calls does not matter but among files, profiles, places in etcd, flags, and values that are set.
///
/// ```
/// use kit_config::{Rules, Settings};
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
/// let loaded = Settings::<Orders>::new()
///     .optional_file("config/orders.toml")
///     .environment("ORDERS")
///     .set("port=8000")
///     .load()?;
/// assert_eq!(loaded.settings().port, 8000);
/// # Ok::<(), kit_config::LoadError>(())
/// ```
#[must_use]
pub struct Settings<T> {
    files: Files,
    flags: Flags,
    remotes: Vec<Remote>,
    prefix: Option<String>,
    variables: Option<Vec<(OsString, OsString)>>,
    of: PhantomData<fn() -> T>,
}

impl<T: Rules> Settings<T> {
    /// Settings that are their defaults.
    pub fn new() -> Settings<T> {
        Settings {
            files: Files::default(),
            flags: Flags::default(),
            remotes: Vec::new(),
            prefix: None,
            variables: None,
            of: PhantomData,
        }
    }

    /// Adds a file that has to be there. Its extension names the format: `.toml`, `.yaml`, `.yml`, `.json`.
    pub fn file(self, path: impl Into<PathBuf>) -> Settings<T> {
        self.place(path.into(), LocationKind::File, false)
    }

    /// Adds a file that may be absent.
    pub fn optional_file(self, path: impl Into<PathBuf>) -> Settings<T> {
        self.place(path.into(), LocationKind::File, true)
    }

    /// Adds the files of a directory, in the order of their names. Hidden files and the temporary ones of editors
    /// do not count. The directory has to be there, with one file at least.
    pub fn directory(self, path: impl Into<PathBuf>) -> Settings<T> {
        self.place(path.into(), LocationKind::Directory, false)
    }

    /// Adds the files of a directory that may be absent, or without a file.
    pub fn optional_directory(self, path: impl Into<PathBuf>) -> Settings<T> {
        self.place(path.into(), LocationKind::Directory, true)
    }

    fn place(mut self, path: PathBuf, kind: LocationKind, is_optional: bool) -> Settings<T> {
        self.files.add(Location {
            path,
            kind,
            is_optional,
        });
        self
    }

    /// Adds the files of a profile: beside `orders.toml` that is `orders.production.toml`, and of a
    /// directory `conf.d` those of `conf.d/production`. One of them has to be there.
    pub fn profile(self, name: impl Into<String>) -> Settings<T> {
        self.add_profile(name.into(), false)
    }

    /// Adds the files of a profile, of which none has to be there.
    pub fn optional_profile(self, name: impl Into<String>) -> Settings<T> {
        self.add_profile(name.into(), true)
    }

    fn add_profile(mut self, name: String, is_optional: bool) -> Settings<T> {
        self.files.add_profile(Profile { name, is_optional });
        self
    }

    /// Adds settings in etcd, for [`load_remote`](Self::load_remote); with the feature `etcd`.
    ///
    /// With `etcd://user:password@host:2379,host:2379/config/orders`, the key `/config/orders/http/port` is
    /// the setting `http.port`. With a path that ends in `.toml`, `.yaml`, `.yml` or `.json`, that key holds
    /// a whole document. One key has to be there. A user and a password are percent-encoded.
    pub fn etcd(self, url: impl Into<String>) -> Settings<T> {
        self.add_remote(url.into(), false)
    }

    /// Adds settings in etcd that may be absent. That etcd does not answer is a problem all the same.
    pub fn optional_etcd(self, url: impl Into<String>) -> Settings<T> {
        self.add_remote(url.into(), true)
    }

    fn add_remote(mut self, url: String, is_optional: bool) -> Settings<T> {
        self.remotes.push(Remote { url, is_optional });
        self
    }

    /// Reads variables of the environment: with the prefix `ORDERS`, `http.port` is `ORDERS__HTTP__PORT`.
    /// A variable that begins with the prefix and `__` has to name a setting.
    pub fn environment(mut self, prefix: impl Into<String>) -> Settings<T> {
        self.prefix = Some(prefix.into());
        self
    }

    /// Takes these variables for those of the process, also in references such as `${HOME}`.
    pub fn variables<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Settings<T>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        let owned = variables.map(|(name, value)| (name.into(), value.into()));
        self.variables = Some(owned.collect());
        self
    }

    /// Sets one value, as `--set` of the command line does: `http.port=8000`. The value is taken as it
    /// is, and means what the setting's type makes of it; a list or a table is written as in TOML.
    ///
    /// Of a `--set` and a flag for the same key, the later one on the command line counts where
    /// `KeyFlags` has read both; else it is the `--set`.
    pub fn set(mut self, assignment: impl AsRef<str>) -> Settings<T> {
        self.flags.set(assignment.as_ref());
        self
    }

    /// Sets the value of a key by a flag of the command line, which messages name: `--http-port`.
    pub fn flag(
        mut self,
        key: impl AsRef<str>,
        flag: impl AsRef<str>,
        value: impl AsRef<str>,
    ) -> Settings<T> {
        let (key, flag) = (key.as_ref(), flag.as_ref());
        self.flags.flag(key, flag, value.as_ref(), None);
        self
    }

    /// Sets the value of a key by the variable of a flag, as clap reads it where there is no such flag;
    /// messages name the variable. It counts less than all that stands on the command line, and more than
    /// [`environment`](Self::environment).
    pub fn flag_variable(
        mut self,
        key: impl AsRef<str>,
        name: impl AsRef<str>,
        value: impl AsRef<str>,
    ) -> Settings<T> {
        let flags = &mut self.flags;
        flags.variable(key.as_ref(), name.as_ref(), value.as_ref());
        self
    }

    /// Reads all sources anew, and the settings from them.
    ///
    /// # Errors
    ///
    /// With all that is wrong, in the order of the sources and of the places in them. Settings in etcd are
    /// among it: [`load_remote`](Self::load_remote) reads them.
    pub fn load(&self) -> Result<Loaded<T>, LoadError> {
        let not_read = self.remotes.first().map(|_| remote::not_read());
        self.load_with(not_read.into_iter().collect())
    }

    /// Reads all sources anew, also those in etcd, and the settings from them.
    ///
    /// Each endpoint of etcd has 3 seconds to answer. Files are read by the thread that polls, as
    /// [`load`](Self::load) does.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and with etcd that does not answer.
    ///
    /// # Cancel safety
    ///
    /// Sources are only read: dropping the future leaves nothing behind.
    pub async fn load_remote(&self) -> Result<Loaded<T>, LoadError> {
        let mut remote = Vec::new();
        for place in &self.remotes {
            remote.push(place.read().await);
        }
        self.load_with(remote)
    }

    /// Puts the layers together, from those that count least: files, remote stores, the variables of keys, those of
    /// flags, the command line. A load that fails gives the files that references name as well, as a change of
    /// one of them can mend it.
    fn load_with(&self, remote: Vec<Layer>) -> Result<Loaded<T>, LoadError> {
        let shape = Shape::of::<T>();
        let variables = self.current_variables();
        let mut layers = self.files.read();
        let read_files = read_file::among(&layers);
        layers.extend(remote);
        if let Some(prefix) = &self.prefix {
            layers.push(environment::read(prefix, variables.clone(), &shape));
        }
        layers.extend(self.flags.read_variables());
        layers.push(self.flags.read());
        let variables: Variables = variables.into_iter().collect();
        let replaced = self.flags.read_replaced();
        let outcome = pipeline::run::<T>(&shape, &layers, &replaced, &variables);
        let refused = LoadError::refuse_any(outcome.problems);
        let settings = refused.and_then(|()| {
            let message = "settings without a problem have no value".to_owned();
            let value = outcome.value;
            value.ok_or_else(|| LoadError::of_message(message))
        });
        let settings = match settings {
            Ok(settings) => settings,
            Err(error) => return Err(error.with_referred_files(outcome.files)),
        };
        let mut warnings = outcome.warnings;
        warnings.extend(self.flags.warnings.iter().cloned());
        Ok(Loaded {
            settings,
            sources: Box::new(self.clone()),
            tree: outcome.tree,
            warnings,
            files: outcome.files,
            read_files,
        })
    }

    fn current_variables(&self) -> Vec<(OsString, OsString)> {
        match &self.variables {
            Some(variables) => variables.clone(),
            None => environment::of_process().collect(),
        }
    }
}

/// Without `T: Clone`: only the sources are cloned.
impl<T> Clone for Settings<T> {
    fn clone(&self) -> Settings<T> {
        Settings {
            files: self.files.clone(),
            flags: self.flags.clone(),
            remotes: self.remotes.clone(),
            prefix: self.prefix.clone(),
            variables: self.variables.clone(),
            of: PhantomData,
        }
    }
}

impl<T: Rules> Default for Settings<T> {
    fn default() -> Settings<T> {
        Settings::new()
    }
}

/// The sources, without the values of variables and flags.
impl<T> fmt::Debug for Settings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("files", &self.files)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Settings that have been loaded, with where each came from.
pub struct Loaded<T> {
    settings: T,
    /// In a box, as it is large and used only to load again.
    sources: Box<Settings<T>>,
    tree: Node,
    warnings: Vec<Problem>,
    files: Vec<PathBuf>,
    read_files: Vec<ReadFile>,
}

impl<T> Loaded<T> {
    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &T {
        &self.settings
    }

    /// The settings alone.
    #[must_use]
    pub fn into_settings(self) -> T {
        self.settings
    }

    /// The sources they were loaded from, those of the command line among them: what loads them anew.
    pub fn sources(&self) -> &Settings<T> {
        &self.sources
    }

    /// What works, but should be changed: keys that have a new name, and variables that are
    /// like the variable of a flag and are none.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Where the value of a key was written: `orders.toml:12:8`, `variable ORDERS__HTTP__ADDR`, or
    /// `default`; of a table the first value in it. `None` if there is no such setting.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<String> {
        let node = self.tree.get(&crate::rules::parse_key(key))?;
        Some(node.first_origin().to_string())
    }

    /// The files that references name, such as `${file:/run/secrets/token}`.
    pub fn referred_files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// The files of settings in which nothing is set: there is nothing but white space and comments in them.
    pub fn empty_files(&self) -> impl Iterator<Item = &Path> {
        let empty = self.read_files.iter().filter(|file| file.is_blank);
        empty.map(|file| Path::new(&*file.name))
    }

    /// The files of [`optional_file`](Settings::optional_file) that were not there. Those of profiles are not among
    /// them.
    pub fn absent_files(&self) -> impl Iterator<Item = &Path> {
        let optional = self.sources.files.optional_files();
        optional.filter(|path| {
            let name = file_name(path);
            !self.read_files.iter().any(|file| *file.name == *name)
        })
    }

    /// All settings with their origins, defaults among them.
    pub(crate) fn tree(&self) -> &Node {
        &self.tree
    }
}

/// Without the settings, which may hold secrets that do not hide themselves.
impl<T> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("warnings", &self.warnings.len())
            .finish_non_exhaustive()
    }
}
