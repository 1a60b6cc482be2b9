//! Which file of a crate uses which, and the circles among them.
//!
//! A use is a path in the code, or an import, that leads to a definition in another file; re-exports
//! are followed. `mod child;` is none, nor is a re-export of a name that the file itself does not use:
//! a parent may declare its children and hand out their names.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, Visibility};

use super::finding::{Finding, Rule};
use super::items::{attributes, inside, is_for_tests, leaves};
use super::modules::{ModulePath, Target};
use super::tree::Crate;

/// From file to file, the names that the first uses of the second.
pub(super) type Uses = BTreeMap<(usize, usize), BTreeSet<String>>;

/// Every use between two files of the crate.
pub(super) fn uses(of: &Crate) -> Uses {
    let mut uses = Uses::new();
    for (number, file) in of.product() {
        let module = file.module.clone().unwrap_or_default();
        let mut visitor = Visitor {
            of,
            number,
            module,
            uses: &mut uses,
        };
        visitor.visit_file(&file.syntax);
    }
    uses
}

/// The sets of files that reach each other.
pub(super) fn circles(uses: &Uses) -> Vec<BTreeSet<usize>> {
    let files: BTreeSet<_> = uses.keys().flat_map(|(from, to)| [*from, *to]).collect();
    let reached: BTreeMap<_, _> = files
        .iter()
        .map(|file| (*file, reach(uses, *file)))
        .collect();
    let mut circles = BTreeSet::new();
    for (file, reach) in &reached {
        if reach.contains(file) {
            let back = reach.iter().filter(|other| reached[other].contains(file));
            circles.insert(back.copied().collect::<BTreeSet<_>>());
        }
    }
    circles.into_iter().collect()
}

/// The files that can be reached in one step or more.
fn reach(uses: &Uses, from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for (_, to) in uses.keys().filter(|(from, _)| *from == file) {
            if reached.insert(*to) {
                next.push(*to);
            }
        }
    }
    reached
}

pub(super) fn check(of: &Crate) -> Vec<Finding> {
    let uses = uses(of);
    let name = |file: usize| of.files[file].path.as_str();
    let mut findings = Vec::new();
    for circle in circles(&uses) {
        let mut message = format!("{} files use each other in a circle:", circle.len());
        for ((from, to), names) in &uses {
            if circle.contains(from) && circle.contains(to) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                message += &format!(
                    "\n    {} uses {} of {}",
                    name(*from),
                    names.join(", "),
                    name(*to)
                );
            }
        }
        let first = circle.first().map_or("", |file| name(*file));
        findings.push(Finding {
            path: first.to_owned(),
            line: 1,
            rule: Rule::Circles,
            message,
        });
    }
    findings
}

struct Visitor<'a> {
    of: &'a Crate,
    number: usize,
    module: ModulePath,
    uses: &'a mut Uses,
}

impl Visitor<'_> {
    fn add(&mut self, path: &[String]) {
        for target in self.of.modules.resolve(&self.module, path) {
            if let Target::Item { file, name } = target
                && file != self.number
            {
                self.uses
                    .entry((self.number, file))
                    .or_default()
                    .insert(name);
            }
        }
    }

    /// The paths in a macro's arguments, which `syn` leaves as tokens: names joined by `::`.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut after_dot) = (0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add(&path);
                        path.clear();
                    }
                    // A field or a method is no name of the module.
                    if !after_dot || colons == 2 {
                        path.push(name.to_string());
                    }
                    (colons, after_dot) = (0, false);
                }
                TokenTree::Punct(punct) => {
                    colons = if punct.as_char() == ':' {
                        colons + 1
                    } else {
                        0
                    };
                    after_dot = punct.as_char() == '.';
                }
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    (colons, after_dot) = (0, false);
                }
                TokenTree::Literal(_) => (colons, after_dot) = (0, false),
            }
        }
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, Visibility::Inherited) {
            let mut paths = Vec::new();
            leaves(&item.tree, &mut Vec::new(), &mut |path, _| paths.push(path));
            for path in paths {
                self.add(&path);
            }
        }
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let items = inside(item);
        if items.is_empty() {
            self.tokens(item.mac.tokens.clone());
        }
        for item in items {
            let (of, number, module) = (self.of, self.number, self.module.clone());
            Visitor {
                of,
                number,
                module,
                uses: &mut *self.uses,
            }
            .visit_item(&item);
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<_> = path
                .segments
                .iter()
                .map(|part| part.ident.to_string())
                .collect();
            self.add(&names);
        }
        visit::visit_path(self, path);
    }

    // `#[test]` and `#[doc]` are no names of ours.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::super::tree::example;
    use super::{circles, uses};

    fn circle(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let house = example(files);
        let name = |file: &usize| house.files[*file].path.replace("crates/example/src/", "");
        circles(&uses(&house))
            .iter()
            .map(|circle| circle.iter().map(name).collect())
            .collect()
    }

    #[test]
    fn two_files_that_use_each_others_names_by_the_root_are_a_circle() {
        let root = ("src/lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");
        let a = ("src/a.rs", "use crate::B; pub struct A(B);");
        assert_eq!(
            circle(&[root, a, ("src/b.rs", "use crate::A; pub struct B(A);")]),
            [["a.rs", "b.rs"]]
        );
        assert!(circle(&[root, a, ("src/b.rs", "pub struct B;")]).is_empty());
    }

    #[test]
    fn a_parent_may_declare_a_child_that_uses_it_but_not_use_it_as_well() {
        let child = ("src/a.rs", "use super::Shared; pub struct A(Shared);");
        assert!(
            circle(&[
                ("src/lib.rs", "mod a; pub use a::A; pub struct Shared;"),
                child
            ])
            .is_empty()
        );
        let root = (
            "src/lib.rs",
            "mod a; pub use a::A; pub struct Shared; fn f(a: A) {}",
        );
        assert_eq!(circle(&[root, child]), [["lib.rs", "a.rs"]]);
    }

    #[test]
    fn paths_in_macros_and_through_modules_count() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c;"),
            (
                "src/a.rs",
                "use super::b; pub fn f() { log!(x.c, b::g()); }",
            ),
            ("src/b.rs", "pub fn g() { crate::c::h() }"),
            (
                "src/c.rs",
                "pub fn h() { select! { x = self.f() => { crate::a::f() } } }",
            ),
        ];
        assert_eq!(circle(&files), [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn a_use_in_tests_makes_no_circle() {
        let root = ("src/lib.rs", "mod a; mod b;");
        let a = ("src/a.rs", "use crate::b::B; pub struct A(B);");
        let b = (
            "src/b.rs",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
        );
        assert!(circle(&[root, a, b]).is_empty());
    }
}
