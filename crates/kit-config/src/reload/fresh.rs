//! What a reload needs of the pipeline that loads settings.

use std::path::PathBuf;
use std::pin::Pin;

use crate::LoadError;
use crate::load::ReadFile;
use crate::problem::Problem;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;

/// Settings that were loaded anew and are right.
#[derive(Clone, Debug)]
pub(crate) struct Fresh<T> {
    pub(crate) settings: T,
    /// What they were read from: all sources, merged.
    pub(crate) tree: Node,
    pub(crate) warnings: Vec<Problem>,
    /// The files that references name.
    pub(crate) referred: Vec<PathBuf>,
    /// The files that may be absent, and are.
    pub(crate) absent_files: Vec<PathBuf>,
    /// The files of settings that were read.
    pub(crate) read_files: Vec<ReadFile>,
}

/// Settings that are being loaded.
pub(crate) type Loading<'a, T> =
    Pin<Box<dyn Future<Output = Result<Fresh<T>, LoadError>> + Send + 'a>>;

/// The pipeline, as a reload calls it.
pub(crate) trait Loader<T>: Send + Sync + 'static {
    /// Loads everything anew, from the defaults to the command line. Its polls block as long as files take.
    fn load(&self) -> Loading<'_, T>;

    /// Reads settings from a tree that was put together from two, and checks their rules.
    fn read(&self, tree: &Node) -> Result<T, LoadError>;

    /// The mark of the setting with this key.
    fn mark(&self, key: &KeyPath) -> Mark;

    /// The files that are read, also those that are not there, and the directories whose files are; without
    /// those that references name, which each load gives.
    fn paths(&self) -> Vec<Watched>;
}

/// How a reload treats a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// A reload may change it.
    pub(crate) is_live: bool,
    /// Its value is shown nowhere.
    pub(crate) is_secret: bool,
    /// It is a URL, whose user and password are shown nowhere.
    pub(crate) is_url: bool,
    /// It is one of several kinds of values, such as an enum with fields: parts of two of them do not
    /// go together.
    pub(crate) is_choice: bool,
}

/// Where settings are read from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Watched {
    File(PathBuf),
    Directory(PathBuf),
}
