//! The modules of a crate: which file holds which, what each defines, and what it imports.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use syn::{Attribute, Item, Meta, UseTree};

use super::source::Source;

/// A module's path below the crate's root; the root's is empty.
pub(crate) type ModulePath = Vec<String>;

/// One file of a crate.
pub(crate) struct File {
    /// Its path below the workspace's folder.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) source: Source,
    pub(crate) syntax: syn::File,
    /// The module it is, where the crate's library or binary reaches it outside of tests. Such a file
    /// is what the lints on structure look at.
    pub(crate) module: Option<ModulePath>,
    /// The features without which there is no such module.
    pub(crate) features: BTreeSet<String>,
}

/// What a module defines and imports, in all of its files.
#[derive(Default)]
pub(crate) struct Module {
    children: BTreeSet<String>,
    /// By name, the files that define it: several, where a `cfg` chooses between them.
    definitions: HashMap<String, BTreeSet<usize>>,
    imports: Vec<Import>,
}

struct Import {
    /// The name it has here; `None` for `*`.
    name: Option<String>,
    path: Vec<String>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Module(ModulePath),
    Item { file: usize, name: String },
}

/// A crate's files and modules.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) files: Vec<File>,
    modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    /// Takes a crate's files apart: pairs of a path below `folder` and what the file says.
    ///
    /// # Errors
    ///
    /// A file that is not Rust.
    pub(crate) fn new(folder: &str, texts: Vec<(String, String)>) -> crate::Result<Self> {
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
            modules: BTreeMap::new(),
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
    pub(crate) fn is_library(&self) -> bool {
        self.files
            .iter()
            .any(|file| file.path.starts_with("crates/"))
    }

    /// The files that the library or binary consists of.
    pub(crate) fn product(&self) -> impl Iterator<Item = (usize, &File)> {
        let files = self.files.iter().enumerate();
        files.filter(|(_, file)| file.module.is_some())
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
        self.modules.entry(path.clone()).or_default();
        for item in items {
            if is_for_tests(attributes(item)) {
                continue;
            }
            if let Item::Mod(child) = item {
                let name = child.ident.to_string();
                let inner = format!("{folder}/{name}");
                let mut child_path = path.clone();
                child_path.push(name.clone());
                self.module(path).children.insert(name);
                if let Some((_, items)) = &child.content {
                    self.add_items(parent, items, &child_path, &inner);
                } else {
                    let beside =
                        file_attribute(&child.attrs).map(|name| format!("{folder}/{name}"));
                    let usual = [format!("{inner}.rs"), format!("{inner}/mod.rs")];
                    let places = beside.into_iter().chain(usual);
                    if let Some(file) = places.into_iter().find_map(|place| self.find(&place)) {
                        let mut features = self.files[parent].features.clone();
                        features.extend(needed(&child.attrs));
                        self.add_file(file, child_path, &inner, features);
                    }
                }
            } else if let Item::Use(item) = item {
                let mut imports = Vec::new();
                leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                    imports.push(Import { name, path });
                });
                self.module(path).imports.extend(imports);
            } else {
                for name in defined(item) {
                    let files = self.module(path).definitions.entry(name).or_default();
                    files.insert(parent);
                }
            }
        }
    }

    fn module(&mut self, path: &ModulePath) -> &mut Module {
        self.modules.entry(path.clone()).or_default()
    }

    /// What a path that stands in `module` leads to, inside this crate.
    pub(crate) fn resolve(&self, module: &[String], path: &[String]) -> BTreeSet<Target> {
        self.follow(module, path, 0)
    }

    /// Re-exports are followed to the definition. `depth` ends imports that lead to themselves.
    fn follow(&self, module: &[String], path: &[String], depth: usize) -> BTreeSet<Target> {
        let Some((first, mut rest)) = path.split_first() else {
            return BTreeSet::new();
        };
        if depth > 12 {
            return BTreeSet::new();
        }
        let mut found = BTreeSet::new();
        match first.as_str() {
            "crate" => _ = found.insert(Target::Module(Vec::new())),
            "self" => _ = found.insert(Target::Module(module.to_vec())),
            "super" => {
                let mut above = module.to_vec();
                above.pop();
                while let Some(("super", more)) = rest
                    .split_first()
                    .map(|(first, more)| (first.as_str(), more))
                {
                    above.pop();
                    rest = more;
                }
                found.insert(Target::Module(above));
            }
            name => found = self.lookup(module, name, depth),
        }
        for name in rest {
            found = found
                .into_iter()
                .flat_map(|target| match target {
                    Target::Module(path) => self.lookup(&path, name, depth),
                    // A method, a constant or a variant belongs to its type.
                    item @ Target::Item { .. } => BTreeSet::from([item]),
                })
                .collect();
        }
        found
    }

    /// What a name means in a module: its child, its definition, or an import of it.
    fn lookup(&self, module: &[String], name: &str, depth: usize) -> BTreeSet<Target> {
        let mut found = BTreeSet::new();
        let Some(inside) = self.modules.get(module) else {
            return found;
        };
        if inside.children.contains(name) {
            let mut child = module.to_vec();
            child.push(name.to_owned());
            found.insert(Target::Module(child));
        }
        for file in inside.definitions.get(name).into_iter().flatten() {
            let name = name.to_owned();
            found.insert(Target::Item { file: *file, name });
        }
        for import in &inside.imports {
            if import.name.as_deref() == Some(name) {
                // `use name;` of a crate outside leads back to itself.
                if import.path.first().is_some_and(|first| first != name) {
                    found.extend(self.follow(module, &import.path, depth + 1));
                }
            } else if import.name.is_none() {
                for target in self.follow(module, &import.path, depth + 1) {
                    if let Target::Module(path) = target
                        && path != module
                    {
                        found.extend(self.lookup_below(&path, name, depth + 1));
                    }
                }
            }
        }
        found
    }

    /// [`lookup`](Self::lookup) in a module that is imported whole; two may import each other.
    fn lookup_below(&self, module: &[String], name: &str, depth: usize) -> BTreeSet<Target> {
        if depth > 12 {
            return BTreeSet::new();
        }
        self.lookup(module, name, depth)
    }
}

/// Calls `found` with each name that a `use` brings: its path, and the name it has here.
pub(crate) fn leaves(
    tree: &UseTree,
    above: &mut Vec<String>,
    found: &mut impl FnMut(Vec<String>, Option<String>),
) {
    let joined = |above: &[String], name: &syn::Ident| {
        let mut path = above.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            leaves(&path.tree, above, found);
            above.pop();
        }
        UseTree::Name(name) => {
            let path = joined(above, &name.ident);
            let name = path.last().cloned();
            found(path, name);
        }
        UseTree::Rename(rename) => {
            found(
                joined(above, &rename.ident),
                Some(rename.rename.to_string()),
            );
        }
        UseTree::Glob(_) => found(above.clone(), None),
        UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, above, found);
            }
        }
    }
}

/// The names that an item defines in its module.
fn defined(item: &Item) -> Vec<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => match &item.ident {
            Some(name) => name,
            None => return inside(item).iter().flat_map(defined).collect(),
        },
        _ => return Vec::new(),
    };
    vec![ident.to_string()]
}

/// The items in a macro's braces, as with `pin_project!`; none, where they are no Rust.
pub(crate) fn inside(item: &syn::ItemMacro) -> Vec<Item> {
    item.mac
        .parse_body::<syn::File>()
        .map(|file| file.items)
        .unwrap_or_default()
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item exists only in tests or models: `cfg(test)`, `cfg(kit_loom)`, `cfg(doctest)`.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text: String = list.tokens.to_string();
            let text = text.replace(' ', "");
            let text = ["test", "kit_loom"]
                .into_iter()
                .fold(text, |text, name| text.replace(&format!("not({name})"), ""));
            let mut words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
            words.any(|word| ["test", "kit_loom", "doctest"].contains(&word))
        }
        meta => meta
            .path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "test"),
    })
}

/// The features that a `cfg` names, where it does not turn one round.
fn needed(attributes: &[Attribute]) -> BTreeSet<String> {
    let mut features = BTreeSet::new();
    for attribute in attributes {
        if let Meta::List(list) = &attribute.meta
            && list.path.is_ident("cfg")
        {
            let text = list.tokens.to_string();
            if !text.contains("not") {
                features.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    features
}

fn file_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(literal) => match &literal.lit {
                    syn::Lit::Str(text) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
}

#[cfg(test)]
pub(crate) fn example(files: &[(&str, &str)]) -> Crate {
    let texts = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Crate::new("crates/example", texts.collect()).expect("Rust")
}

#[cfg(test)]
mod tests {
    use super::{Crate, Target, example};

    fn files(house: &Crate, module: &[&str], path: &str) -> Vec<String> {
        let module: Vec<_> = module.iter().map(|name| (*name).to_owned()).collect();
        let path: Vec<_> = path.split("::").map(str::to_owned).collect();
        let targets = house.resolve(&module, &path);
        let files = targets.into_iter().filter_map(|target| match target {
            Target::Item { file, .. } => Some(house.files[file].path.clone()),
            Target::Module(_) => None,
        });
        files.collect()
    }

    #[test]
    fn a_name_of_the_root_leads_to_the_file_that_defines_it() {
        let house = example(&[
            (
                "src/lib.rs",
                "mod a; mod b; pub use a::*; pub use b::Second as Other;",
            ),
            ("src/a.rs", "pub struct First; pub mod deep;"),
            ("src/a/deep.rs", "pub fn call() { super::First; }"),
            (
                "src/b.rs",
                "pin_project! { pub struct Second { #[pin] a: u8 } }",
            ),
        ]);
        assert_eq!(
            files(&house, &["b"], "crate::First::new"),
            ["crates/example/src/a.rs"]
        );
        assert_eq!(
            files(&house, &["a"], "crate::Other"),
            ["crates/example/src/b.rs"]
        );
        assert_eq!(
            files(&house, &["b"], "super::a::deep::call"),
            ["crates/example/src/a/deep.rs"]
        );
        assert_eq!(files(&house, &["b"], "std::Other"), Vec::<String>::new());
    }

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

    #[test]
    fn two_imports_that_lead_to_each_other_end() {
        let house = example(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "pub use super::b::*;"),
            ("src/b.rs", "pub use super::a::*;"),
        ]);
        assert!(files(&house, &["a"], "Nowhere").is_empty());
    }
}
