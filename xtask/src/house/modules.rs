//! What a path leads to: the modules of a crate, what each defines, and what it imports.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use syn::Item;

use super::items::{defined, leaves};

/// A module's path below the crate's root; the root's is empty.
pub(super) type ModulePath = Vec<String>;

/// What a module defines and imports, in all of its files.
#[derive(Default)]
struct Module {
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
pub(super) enum Target {
    Module(ModulePath),
    Item { file: usize, name: String },
}

/// All modules of a crate, inline or in files.
#[derive(Default)]
pub(super) struct Modules {
    all: BTreeMap<ModulePath, Module>,
}

impl Modules {
    /// Enters a child of a module.
    pub(super) fn add_child(&mut self, path: &ModulePath, name: String) {
        self.module(path).children.insert(name);
    }

    /// Enters an item of a module: what a `use` imports, or the names that the item defines in `file`.
    pub(super) fn add_item(&mut self, path: &ModulePath, item: &Item, file: usize) {
        if let Item::Use(item) = item {
            let imports = &mut self.module(path).imports;
            leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                imports.push(Import { name, path });
            });
        }
        for name in defined(item) {
            let files = self.module(path).definitions.entry(name).or_default();
            files.insert(file);
        }
    }

    fn module(&mut self, path: &ModulePath) -> &mut Module {
        self.all.entry(path.clone()).or_default()
    }

    /// What a path that stands in `module` leads to, inside this crate.
    pub(super) fn resolve(&self, module: &[String], path: &[String]) -> BTreeSet<Target> {
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
        let Some(inside) = self.all.get(module) else {
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

#[cfg(test)]
mod tests {
    use super::super::tree::{Crate, example};
    use super::Target;

    fn files(house: &Crate, module: &[&str], path: &str) -> Vec<String> {
        let module: Vec<_> = module.iter().map(|name| (*name).to_owned()).collect();
        let path: Vec<_> = path.split("::").map(str::to_owned).collect();
        let targets = house.modules.resolve(&module, &path);
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
    fn two_imports_that_lead_to_each_other_end() {
        let house = example(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "pub use super::b::*;"),
            ("src/b.rs", "pub use super::a::*;"),
        ]);
        assert!(files(&house, &["a"], "Nowhere").is_empty());
    }
}
