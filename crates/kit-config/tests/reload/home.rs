//! The settings of a service, and a folder with its files.

use std::fs;
use std::path::PathBuf;

use kit_config::{Broken, Live, Reloader, Rules, Secret, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// The settings of a service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Orders {
    /// Where it listens.
    pub(crate) port: u16,
    pub(crate) limits: Live<Limits>,
    pub(crate) note: Option<Live<String>>,
    pub(crate) copy: Option<Live<String>>,
    pub(crate) token: Option<Live<Secret<String>>>,
}

/// What a reload may change.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) low: u32,
    /// At least as much as `low`.
    pub(crate) high: u32,
    pub(crate) names: Vec<String>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            low: 1,
            high: 100,
            names: Vec::new(),
        }
    }
}

impl Orders {
    pub(crate) fn is_right(&self) -> bool {
        self.limits.low <= self.limits.high
    }
}

impl Rules for Orders {
    fn check(&self, broken: &mut Broken) {
        broken.refuse_if(!self.is_right(), "limits.low", "is above `limits.high`");
    }
}

/// A folder with files of settings.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn with(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("it is written");
    }

    /// The settings of one file.
    pub(crate) fn orders(&self) -> Settings<Orders> {
        Settings::new().file(self.path("orders.toml"))
    }
}

/// Settings that are right, and can be loaded anew.
pub(crate) fn reloader(settings: Settings<Orders>) -> Reloader<Orders> {
    Reloader::new(settings.load().expect("the settings are right"))
}
