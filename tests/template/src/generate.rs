//! cargo-generate, as a user would call it.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_generate::{GenerateArgs, TemplatePath, generate};

use crate::Result;
use crate::combination::Combination;

/// The template of a checkout, and the folder that services are made in.
pub(crate) struct Template {
    kit: PathBuf,
    folder: PathBuf,
    /// In place of the settings of the user.
    config: PathBuf,
}

impl Template {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn new(kit: &Path, folder: &Path) -> Result<Template> {
        let (kit, folder) = (kit.canonicalize()?, folder.canonicalize()?);
        let config = folder.join("cargo-generate.toml");
        fs::write(&config, "")?;
        Ok(Template {
            kit,
            folder,
            config,
        })
    }

    /// Makes a service, in a folder that has the name of the combination, and gives the folder of its sources.
    pub(crate) fn make(&self, combination: &Combination) -> Result<PathBuf> {
        let made = self.make_named(
            combination.name,
            &combination.to_string(),
            combination.defines(),
        );
        let made = made.map_err(|error| format!("{combination}: {error}"))?;
        // The folder may stand below a workspace, of which the service is no member.
        let manifest = made.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        fs::write(&manifest, text + "\n[workspace]\n")?;
        Ok(made)
    }

    /// Makes a service with any name.
    pub(crate) fn make_named(
        &self,
        name: &str,
        below: &str,
        defines: Vec<String>,
    ) -> Result<PathBuf> {
        let destination = self.folder.join(below);
        fs::create_dir_all(&destination)?;
        let mut define = vec![format!("kit=path:{}", self.kit.display())];
        define.extend(defines);
        let template = self.kit.join("templates/service");
        let arguments = GenerateArgs {
            template_path: TemplatePath {
                path: Some(template.to_string_lossy().into_owned()),
                ..TemplatePath::default()
            },
            name: Some(name.to_owned()),
            config: Some(self.config.clone()),
            destination: Some(destination),
            define,
            // Nothing is asked, and nothing is formatted: the template has to be right by itself.
            silent: true,
            quiet: true,
            no_fmt: true,
            no_workspace: true,
            ..GenerateArgs::default()
        };
        generate(arguments).map_err(|error| format!("{error:#}").into())
    }
}
