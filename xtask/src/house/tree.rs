//! A crate as the lints see it: its files, and which of them hold which module.

use std::collections::BTreeSet;

use syn::{Item, ItemMod};

use super::items::{attributes, file_attribute, inside, is_for_tests, needed};
use super::modules::{ModulePath, Modules};
use super::source::Source;

/// One file of a crate.
pub(super) struct File {
    /// Its path below the workspace's folder.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) source: Source,
    pub(super) syntax: syn::File,
    /// The module it is, where the crate's library or binary reaches it outside of tests. Such a file
    /// is what the lints on structure look at.
    pub(super) module: Option<ModulePath>,
    /// The features without which there is no such module.
    pub(super) features: BTreeSet<String>,
}

/// A crate's files and modules.
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) files: Vec<File>,
    pub(super) modules: Modules,
}

impl Crate {
    /// Takes a crate's files apart: pairs of a path below `folder` and what the file says.
    ///
    /// # Errors
    ///
    /// A file that is not Rust.
    pub(super) fn new(folder: &str, texts: Vec<(String, String)>) -> crate::Result<Self> {
        let mut files = Vec::new();
        for (path, text) in texts {
            let path = format!("{folder}/{path}");
            let syntax = syn::parse_file(&text)
                .map_err(|error| format!("could not parse {path}: {error}"))?;
            files.push(File {
                source: Source::parse(&text),
                path,
                text,
                syntax,
                module: None,
                features: BTreeSet::new(),
            });
        }
        let mut this = Self {
            name: folder.rsplit('/').next().unwrap_or(folder).to_owned(),
            files,
            modules: Modules::default(),
        };
        let src = format!("{folder}/src");
        for root in ["lib.rs", "main.rs"] {
            if let Some(file) = this.find(&format!("{src}/{root}")) {
                this.add_file(file, Vec::new(), &src, BTreeSet::new());
            }
        }
        Ok(this)
    }

    /// Whether it is one of the house's libraries.
    pub(super) fn is_library(&self) -> bool {
        self.files
            .iter()
            .any(|file| file.path.starts_with("crates/"))
    }

    /// The files that the library or binary consists of.
    pub(super) fn product(&self) -> impl Iterator<Item = (usize, &File)> {
        let files = self.files.iter().enumerate();
        files.filter(|(_, file)| file.module.is_some())
    }

    /// The product's items, those in the braces of modules and macros too, each with its file and
    /// module.
    pub(super) fn items(&self) -> Vec<(usize, ModulePath, Item)> {
        let mut found = Vec::new();
        for (number, file) in self.product() {
            let module = file.module.clone().unwrap_or_default();
            collect(number, &module, &file.syntax.items, &mut found);
        }
        found
    }

    fn find(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|file| file.path == path)
    }

    fn add_file(
        &mut self,
        file: usize,
        path: ModulePath,
        folder: &str,
        features: BTreeSet<String>,
    ) {
        if self.files[file].module.is_some() {
            return;
        }
        self.files[file].module = Some(path.clone());
        self.files[file].features = features;
        let items = self.files[file].syntax.items.clone();
        self.add_items(file, &items, &path, folder);
    }

    /// Enters a module's items; `folder` is where the files of its children stand.
    fn add_items(&mut self, parent: usize, items: &[Item], path: &ModulePath, folder: &str) {
        for item in items {
            if is_for_tests(attributes(item)) {
                continue;
            }
            match item {
                Item::Mod(child) => self.add_module(parent, child, path, folder),
                item => self.modules.add_item(path, item, parent),
            }
        }
    }

    /// Enters a child, whose items stand in braces or in a file.
    fn add_module(&mut self, parent: usize, child: &ItemMod, path: &ModulePath, folder: &str) {
        let name = child.ident.to_string();
        let inner = format!("{folder}/{name}");
        let mut child_path = path.clone();
        child_path.push(name.clone());
        self.modules.add_child(path, name);
        if let Some((_, items)) = &child.content {
            self.add_items(parent, items, &child_path, &inner);
            return;
        }
        let beside = file_attribute(&child.attrs).map(|name| format!("{folder}/{name}"));
        let usual = [format!("{inner}.rs"), format!("{inner}/mod.rs")];
        let mut places = beside.into_iter().chain(usual);
        if let Some(file) = places.find_map(|place| self.find(&place)) {
            let mut features = self.files[parent].features.clone();
            features.extend(needed(&child.attrs));
            self.add_file(file, child_path, &inner, features);
        }
    }
}

fn collect(
    file: usize,
    module: &ModulePath,
    items: &[Item],
    found: &mut Vec<(usize, ModulePath, Item)>,
) {
    for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
        match item {
            Item::Mod(child) => {
                let mut path = module.clone();
                path.push(child.ident.to_string());
                let items = child.content.as_ref().map(|(_, items)| items.as_slice());
                collect(file, &path, items.unwrap_or_default(), found);
            }
            Item::Macro(item) => collect(file, module, &inside(item), found),
            item => found.push((file, module.clone(), item.clone())),
        }
    }
}

#[cfg(test)]
pub(super) fn example(files: &[(&str, &str)]) -> Crate {
    let texts = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Crate::new("crates/example", texts.collect()).expect("Rust")
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn what_only_tests_have_belongs_to_no_product() {
        let house = example(&[
            (
                "src/lib.rs",
                "#[cfg(all(test, not(kit_loom)))] mod tests; #[cfg(not(kit_loom))] mod a;",
            ),
            ("src/tests.rs", ""),
            ("src/a.rs", ""),
            ("tests/whole.rs", ""),
        ]);
        let product: Vec<_> = house
            .product()
            .map(|(_, file)| file.path.as_str())
            .collect();
        assert_eq!(
            product,
            ["crates/example/src/lib.rs", "crates/example/src/a.rs"]
        );
    }
}
