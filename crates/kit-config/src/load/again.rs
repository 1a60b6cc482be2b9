//! What it takes to load settings anew.

use super::once::each_once;
use super::pipeline::Pipeline;
use super::read_file::ReadFile;
use super::same_place::mask_hidden;
use super::{Loaded, Settings};
use crate::problem::LoadError;
use crate::read;
use crate::rules::Rules;
use crate::shape::Shape;
use crate::source::files::{Location, watched};
use crate::tree::node::Node;

/// Where the files of settings are, or could come to be.
pub(crate) fn places<T>(settings: &Settings<T>) -> Vec<Location> {
    watched::places(&settings.files)
}

/// The files that were read.
pub(crate) fn files_of<T>(loaded: &Loaded<T>) -> &[ReadFile] {
    &loaded.read_files
}

/// Reads settings from a tree that was put together from two that were right, each of them whole and
/// without references, and holds them against their rules.
pub(crate) fn read_merged<T: Rules>(shape: &Shape, tree: &Node) -> Result<T, LoadError> {
    let mut pipeline = Pipeline::new(shape);
    let defaults = pipeline.defaults::<T>();
    let mut failed = Vec::new();
    let tree = pipeline.check_merged(tree, &mut failed);
    let read = read::read::<T>(shape, tree.clone(), &defaults, failed);
    pipeline.problems.extend(read.problems.iter().cloned());
    if let Some(value) = &read.value {
        pipeline.check_rules(value, &tree, &read, |_| true);
    }
    mask_hidden(&mut pipeline.problems);
    LoadError::refuse_any(each_once(pipeline.problems))?;
    let message = "settings without a problem have no value".to_owned();
    read.value.ok_or_else(|| LoadError::of_message(message))
}
