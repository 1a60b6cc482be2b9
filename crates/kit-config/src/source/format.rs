//! The formats of files.

use std::path::Path;
use std::sync::Arc;

use super::layer::Layer;
use super::{json, toml, yaml};
use crate::tree::text::SourceText;

/// The format of a file, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
    Json,
}

/// The extensions that are read, as messages list them.
pub(super) const EXTENSIONS: &str = "`.toml`, `.yaml`, `.yml` or `.json`";

impl Format {
    /// `None` for another extension than the known ones, which are matched without case.
    pub(super) fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match &*extension {
            "toml" => Some(Format::Toml),
            "yaml" | "yml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    pub(super) fn parse(self, text: &Arc<SourceText>) -> Layer {
        match self {
            Format::Toml => toml::parse(text),
            Format::Yaml => yaml::parse(text),
            Format::Json => json::parse(text),
        }
    }
}
