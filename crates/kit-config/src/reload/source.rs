//! Settings' sources, loaded anew.

use std::path::Path;

use super::engine::Engine;
use super::fresh::{Fresh, Loader, Loading, Mark, Watched};
use super::marks;
use crate::shape::Shape;
use crate::source::files::LocationKind;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;
use crate::{LoadError, Loaded, Rules, Settings};

/// Reloads of settings, from the sources they were loaded from.
pub(super) fn engine<T: Rules>(loaded: Loaded<T>) -> Engine<T> {
    let sources = Sources {
        settings: loaded.sources().clone(),
        shape: Shape::of::<T>(),
    };
    Engine::new(sources, fresh(loaded))
}

/// The sources of settings.
struct Sources<T> {
    settings: Settings<T>,
    shape: Shape,
}

fn fresh<T>(loaded: Loaded<T>) -> Fresh<T> {
    Fresh {
        tree: loaded.tree().clone(),
        warnings: loaded.warnings().to_vec(),
        read_files: crate::load::files_of(&loaded).to_vec(),
        absent_files: loaded.absent_files().map(Path::to_owned).collect(),
        referred: loaded.referred_files().map(Path::to_owned).collect(),
        settings: loaded.into_settings(),
    }
}

impl<T: Rules> Loader<T> for Sources<T> {
    fn load(&self) -> Loading<'_, T> {
        Box::pin(async {
            let loaded = self.settings.load_remote().await;
            loaded.map(fresh)
        })
    }

    fn read(&self, tree: &Node) -> Result<T, LoadError> {
        crate::load::read_merged(&self.shape, tree)
    }

    fn mark(&self, key: &KeyPath) -> Mark {
        marks::mark(&self.shape, key)
    }

    fn paths(&self) -> Vec<Watched> {
        let places = crate::load::places(&self.settings).into_iter();
        let places = places.map(|place| match place.kind {
            LocationKind::File => Watched::File(place.path),
            LocationKind::Directory => Watched::Directory(place.path),
        });
        places.collect()
    }
}
