//! A reloader's pipeline: the settings' sources.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::fresh::{Fresh, Mark, Pipeline, Watched};
use super::marks;
use super::reloader::Reloader;
use crate::shape::Shape;
use crate::source::files::Kind;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;
use crate::{LoadError, Loaded, Rules, Settings};

impl<T: Rules> Reloader<T> {
    /// Begins with settings that were loaded from these sources.
    ///
    /// ```no_run
    /// use kit_app::App;
    /// use kit_config::{Live, Reloader, Rules, Settings};
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Deserialize, JsonSchema, Serialize)]
    /// #[serde(default)]
    /// struct Orders {
    ///     /// How many at most.
    ///     limit: Live<u32>,
    /// }
    ///
    /// impl Rules for Orders {}
    ///
    /// let settings = Settings::<Orders>::new().file("config/orders.toml");
    /// let loaded = settings.load()?;
    /// let reloader = Reloader::new(settings, loaded);
    /// let current = reloader.current();
    /// let app = App::builder("orders").apply(reloader.option());
    /// println!("at most {}", *current.read().limit);
    /// # Ok::<(), kit_config::LoadError>(())
    /// ```
    #[must_use]
    pub fn new(settings: Settings<T>, loaded: Loaded<T>) -> Reloader<T> {
        let sources = Sources {
            settings,
            shape: Shape::of::<T>(),
            referred: Mutex::default(),
        };
        let fresh = sources.take(loaded);
        Reloader::of(sources, fresh)
    }
}

/// The sources of settings, and what was found in them.
struct Sources<T> {
    settings: Settings<T>,
    shape: Shape,
    /// The files that references named at the last load that was right.
    referred: Mutex<Vec<PathBuf>>,
}

impl<T: Rules> Sources<T> {
    fn take(&self, loaded: Loaded<T>) -> Fresh<T> {
        let referred = loaded.referred_files().map(Path::to_owned).collect();
        *kit_sync::lock(&self.referred) = referred;
        Fresh {
            tree: loaded.tree().clone(),
            warnings: loaded.warnings().to_vec(),
            settings: loaded.into_settings(),
        }
    }
}

impl<T: Rules> Pipeline<T> for Sources<T> {
    fn load(&self) -> Result<Fresh<T>, LoadError> {
        self.settings.load().map(|loaded| self.take(loaded))
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
            Kind::File => Watched::File(place.path),
            Kind::Directory => Watched::Directory(place.path),
        });
        let referred = kit_sync::lock(&self.referred).clone();
        places
            .chain(referred.into_iter().map(Watched::File))
            .collect()
    }
}
